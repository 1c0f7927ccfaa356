from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0004_klaviyo_report'),
    ]

    operations = [
        migrations.RenameField(model_name='record', old_name='facts', new_name='attributes'),
        migrations.RenameField(model_name='audience', old_name='place', new_name='checkpoint'),
    ]
