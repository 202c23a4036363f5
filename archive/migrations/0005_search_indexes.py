"""Partial indexes of the few that are replaced or restricted."""

from django.db import migrations, models

import archive.documents.models.communications


class Migration(migrations.Migration):
    dependencies = [("archive", "0004_alias_undoing_index_partial")]

    operations = [
        migrations.AddIndex(
            model_name="communication",
            index=archive.documents.models.communications.KeyedIndex(
                condition=models.Q(("state", "superseded")), fields=["state"], name="communication_superseded"
            ),
        ),
        migrations.AddIndex(
            model_name="communication",
            index=archive.documents.models.communications.KeyedIndex(
                condition=models.Q(("restricted", True)), fields=["restricted"], name="communication_restricted"
            ),
        ),
    ]
