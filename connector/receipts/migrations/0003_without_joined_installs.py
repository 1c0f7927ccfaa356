"""Apart from the rows that take their place: PostgreSQL alters no table whose new rows are not checked yet."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('receipts', '0002_installs_read'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='receipt',
            name='install_text',
        ),
        migrations.RemoveField(
            model_name='receipt',
            name='resolved',
        ),
        migrations.RemoveField(
            model_name='receipt',
            name='versions',
        ),
    ]
