from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("installs", "0001_initial")]

    operations = [
        migrations.RenameField("install", "token_expires_at", "token_renew_at"),
        migrations.AlterField(
            "install",
            "token_renew_at",
            models.DateTimeField(null=True, editable=False, help_text="A little before the access token's end"),
        ),
    ]
