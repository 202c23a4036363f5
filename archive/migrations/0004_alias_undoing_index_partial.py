"""The index of undoings covers undoings alone: over all rows each look-up of a renumbering walked through them all."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0003_load_manifest_header")]

    operations = [
        migrations.AlterField(
            model_name="partyalias",
            name="undoes",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="archive.partyalias",
            ),
        ),
        migrations.AddIndex(
            model_name="partyalias",
            index=models.Index(condition=models.Q(("undoes__isnull", False)), fields=["undoes"], name="alias_undoes"),
        ),
    ]
