"""Texts for the communications that `seed.py` wrote, put straight into the word index.

Letters of about sixty words. Of each some words are in every letter, some in a tenth or a hundredth of them, one in a
few; "late" and "fee" are each in half of them, and beside each other in a tenth.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from archive.batches.models import Load
from archive.documents.models import Communication
from archive.search.words.writer import INDEXED, CommunicationText, IndexWriter, VariantText

BATCH = 2_000
RARE_EACH = 20_000
_COMMON = (
    "dear customer we write to tell you about your account with us the balance of the month is shown below please keep "
    "this letter for your records if you have questions call our service line or visit a branch yours sincerely"
).split()
_VOCABULARY = [f"{start}{middle}{end}" for start in ("ba", "co", "di", "fu", "ge") for middle in ("rat", "lin", "mos")
               for end in ("a", "er", "ing", "um", "is", "on", "et")]  # fmt: skip


def seed_texts(seed_number: int = 4) -> int:
    """Index a text for every communication; returns the bytes of all texts."""
    chance = random.Random(seed_number)
    size = 0
    with IndexWriter.open() as writer:
        for batch in _batches():
            texts = [_text(number, chance) for number, *_row in batch]
            size += sum(map(len, texts))
            writer.put(
                [
                    CommunicationText(key, unit, class_id, subject, [VariantText(1, INDEXED, text)])
                    for (_number, key, unit, class_id, subject), text in zip(batch, texts, strict=True)
                ],
                {},
            )
        writer.put([], dict(Load.objects.values_list("pk", "archived")))
        writer.tidy(100_000)
    return size


def _batches() -> Iterator[list[tuple[int, int, int, int, str]]]:
    rows = Communication.objects.order_by("order_key").values_list(
        "order_key", "unit_id", "document_class_id", "subject"
    )
    batch: list[tuple[int, int, int, int, str]] = []
    for number, row in enumerate(rows.iterator(chunk_size=BATCH)):
        batch.append((number, *row))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _text(number: int, chance: random.Random) -> str:
    words = [*_COMMON[:20], "everywhere", *chance.choices(_VOCABULARY, k=16), f"{chance.randrange(10**8):08}"]
    if number % 10 == 3:
        words += ["tenth", "late", "fee"]
    elif number % 2:
        words.append("late")
    else:
        words.append("fee")
    if number % 100 == 7:
        words.append("hundredth")
    words.append(f"rare{number % RARE_EACH}")
    return " ".join([*words, *_COMMON[20:]])
