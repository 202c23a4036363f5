"""The configuration that tests use: two units, a class with fields, one with a required party."""

from typing import Any

CONFIGURATION: dict[str, Any] = {
    "vellum_configuration": 1,
    "tiers": [{"key": "primary", "label": "Local files", "store": "local", "is_default": True}],
    "units": [
        {"key": "retail", "label": "Retail", "time_zone": "Europe/Berlin"},
        {"key": "commercial", "label": "Commercial", "time_zone": "Europe/London"},
    ],
    "producers": [{"key": "engine", "label": "Engine"}],
    "fields": [
        {"key": "branch", "label": "Branch", "type": "text", "searchable": True},
        {"key": "balance", "label": "Balance", "type": "number", "searchable": True},
        {"key": "due_on", "label": "Due on", "type": "date", "searchable": True},
        {"key": "tags", "label": "Tags", "type": "text", "searchable": True, "multiple": True},
    ],
    "schedules": [
        {"key": "ten-years", "label": "Ten years", "years": 10, "cut_off": "calendar_year"},
        {"key": "two-years", "label": "Two years", "years": 2, "cut_off": "none"},
    ],
    "classes": [
        {
            "key": "statement",
            "label": "Statement",
            "fields": [{"key": "branch"}, {"key": "balance"}, {"key": "tags"}],
            "columns": ["branch", "balance"],
            "schedule": "ten-years",
        },
        {
            "key": "bill",
            "label": "Bill",
            "fields": [{"key": "due_on"}],
            "schedule": "two-years",
            "requires_party": True,
        },
        {"key": "draft", "label": "Without schedule"},
    ],
    "mappings": [
        {
            "key": "german-csv",
            "label": "German CSV",
            "definition": {
                "delimiter": ";",
                "encoding": "cp1252",
                "columns": {
                    "Nummer": "external_id",
                    "Kunde": "customer_id",
                    "Konto": "account_number",
                    "Name": "parties.0.name",
                    "Datum": "issued_on",
                    "Datei": "variants.0.file",
                    "Saldo": "index.balance",
                },
                "constants": {
                    "business_unit": "retail",
                    "document_class": "statement",
                    "variants.0.channel": "print",
                },
                "date_format": "%d.%m.%Y",
                "decimal": ",",
            },
        }
    ],
    "roles": ["agent", "compliance", "records", "operations", "auditor", "admin"],
    "access_rules": [
        {"role": "agent", "effect": "allow", "expression": "unit:retail"},
        {"role": "agent", "effect": "deny", "expression": "branch:099"},
        {"role": "auditor", "effect": "allow", "expression": ""},
        {"role": "operations", "effect": "allow", "expression": ""},
    ],
}
