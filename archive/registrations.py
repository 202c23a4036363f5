"""What each package registers with those below it, in one place, called once at start-up."""

from __future__ import annotations


def register() -> None:
    """Register protected tables, query fields, locator holders, timeline sources and kinds of work."""
    from archive import work
    from archive.desk.exporting import services as exporting
    from archive.documents import fields, locators, timeline
    from archive.ingest import running, uploads
    from archive.retrieval import marking, renditions
    from archive.search import index_work, selectors
    from archive.search.words import fields as word_fields
    from archive.storage import maintenance

    _protect()
    fields.register_fields()
    word_fields.register_fields()
    locators.register()
    renditions.register()
    marking.register_source(selectors.words_of_search)
    timeline.register_timeline_source(timeline.archived_entries)
    timeline.register_timeline_source(timeline.note_entries)
    timeline.register_timeline_source(timeline.audit_entries)
    work.register(running.KIND, running.run_from_work, max_attempts=5, given_up=running.give_up)
    work.register(index_work.INDEX, index_work.run_index, max_attempts=10, every_seconds=600)
    work.register(index_work.REBUILD, index_work.run_rebuild, max_attempts=10)
    work.register(exporting.KIND, exporting.run_from_work, max_attempts=3, given_up=exporting.give_up)
    work.register("desk.clear_exports", exporting.run_clear, max_attempts=3, every_seconds=3600)
    work.register("ingest.clear_uploads", uploads.run_clear, max_attempts=3, every_seconds=3600)
    work.register("retrieval.clear_renditions", renditions.run_clear, max_attempts=3, every_seconds=3600)
    work.register("storage.merge", maintenance.run_merge, max_attempts=3, every_seconds=3600)


def _protect() -> None:
    from archive.audit.triggers import protect

    protect(
        "archive_communication",
        columns=(
            "order_key",
            "public_id",
            "unit_id",
            "producer_id",
            "external_id",
            "load_id",
            "load_position",
            "archived_at",
        ),
    )
    protect(
        "archive_variant",
        columns=(
            "order_key",
            "number",
            "channel",
            "content_type",
            "size_bytes",
            "sha256",
            "length",
            "blocks",
            "added_at",
        ),
    )
    protect("archive_ingestkey", columns=("unit_id", "producer_id", "external_id", "public_id", "order_key"))
    protect("archive_communicationlink", columns=("from_key", "kind", "to_external_id", "reason"))
    protect("archive_classversion")
    protect("archive_partyalias")
    protect(
        "archive_rendition",
        columns=("order_key", "number", "purpose", "content_type", "size_bytes", "sha256", "tool", "tool_version"),
    )
    # The author's account may go; his name stays.
    protect("archive_note", columns=("order_key", "number", "public_id", "body", "author_name", "created_at"))
    protect("retention_scheduleversion")
