"""Bytes to text, as browsers do it. Pure."""

from __future__ import annotations

import codecs
import re

# What documents declare and browsers read. Python knows more names, some of which are no character sets at all; UTF-16
# counts only by its mark, as in browsers (WHATWG Encoding, HTML §13.2.3).
_CHARACTER_SETS = re.compile(
    r"ascii|utf-8|cp125[0-8]|cp866|cp874|cp932|cp949|iso8859-\d{1,2}|koi8-[ru]|mac-roman|mac-cyrillic|big5|big5hkscs"
    r"|gbk|gb2312|gb18030|hz|shift_jis|euc_jp|euc_kr|iso2022_jp|tis-620"
)


def decode_html(payload: bytes, declared: str = "") -> str:
    """Turn bytes into text by BOM, declaration or meta element, else UTF-8, else Windows-1252; never fails."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if payload.startswith(mark):
            return payload.decode(name, "replace")
    found = re.search(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", payload[:4096])
    for name in (declared, found.group(1).decode("ascii") if found else "", "utf-8"):
        try:
            known = codecs.lookup(name).name
            if _CHARACTER_SETS.fullmatch(known):
                return payload.decode("cp1252" if known == "iso8859-1" else known)
        except (LookupError, ValueError):
            continue
    return payload.decode("cp1252", "replace")
