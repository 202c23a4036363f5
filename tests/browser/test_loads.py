"""Operations people upload a folder of PDFs with a CSV and watch it become part of the record."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.installation import manage, search

pytestmark = pytest.mark.browser
MAPPING = {
    "vellum_configuration": 1,
    "mappings": [
        {
            "key": "letters-csv",
            "label": "Letters with a CSV",
            "definition": {
                "delimiter": ";",
                "columns": {
                    "Number": "external_id",
                    "Account": "account_number",
                    "Date": "issued_on",
                    "File": "variants.0.file",
                },
                "constants": {
                    "business_unit": "retail",
                    "document_class": "notice",
                    "variants.0.channel": "print",
                    "index.branch": "012",
                },
                "date_format": "%d.%m.%Y",
            },
        }
    ],
}


def test_a_zip_of_pdfs_with_a_csv_is_uploaded_and_found(
    open_as: Callable[..., Any], data: Path, tmp_path: Path
) -> None:
    (tmp_path / "mapping.json").write_text(json.dumps(MAPPING))
    manage(data, "configure", str(tmp_path / "mapping.json"))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        lines = ["Number;Account;Date;File"]
        for number in range(5):
            archive.writestr(f"{number}.pdf", b"%%PDF-1.4 letter %d" % number)
            lines.append(f"UP-{number};98765;0{number + 1}.10.2026;{number}.pdf")
        lines.append("UP-9;98765;31.02.2026;0.pdf")
        archive.writestr("index.csv", "\n".join(lines))
    (tmp_path / "letters.zip").write_bytes(package.getvalue())
    page = open_as("operations", "/loads/upload/")
    page.select_option("select[name=producer]", "exstream-prod")
    page.select_option("select[name=mapping]", "letters-csv")
    page.set_input_files("input[type=file]", str(tmp_path / "letters.zip"))
    start = page.get_by_role("button", name="Upload")
    if start.count():
        start.first.click()
    page.get_by_role("link", name="L-").first.or_(page.get_by_text("Incomplete").first).first.wait_for()
    if "/loads/upload" in page.url:
        page.locator("a[href*='/loads/']", has_text="L-").first.click()
    page.get_by_text("Incomplete").first.wait_for()
    said = page.locator("main").inner_text()
    assert "31.02.2026" in said
    agent = open_as("agent")
    search(agent, "account:98765")
    assert agent.locator(".v-hit-link").count() == 5
