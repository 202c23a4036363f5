from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_alter_communication_options")]

    operations = [
        migrations.AddField(
            model_name="load",
            name="manifest_header",
            field=models.BinaryField(default=b"", help_text="The header of a CSV manifest, as it came"),
        ),
    ]
