from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0001_initial'),
    ]

    operations = [
        migrations.RenameField(model_name='run', old_name='place', new_name='checkpoint'),
    ]
