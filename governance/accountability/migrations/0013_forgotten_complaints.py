"""A complaint that was answered long ago is forgotten: its words, and whose they were; the row stays and is counted."""

from django.db import migrations, models
from django.db.models import Q

from common.row_security import grant


class Migration(migrations.Migration):
    dependencies = [("accountability", "0012_holds_of_cases")]
    operations = [
        migrations.AddField("complaint", "forgotten_at", models.DateTimeField(null=True, blank=True)),
        migrations.AlterField("complaint", "text", models.TextField(blank=True)),
        migrations.AlterField("complaint", "contact", models.EmailField(blank=True, max_length=254)),
        migrations.RemoveConstraint("complaint", "complaint_says_something"),
        migrations.RemoveConstraint("complaint", "complaint_answered_with_an_outcome"),
        migrations.AddConstraint(
            "complaint",
            models.CheckConstraint(
                name="complaint_says_something_or_is_forgotten",
                condition=Q(forgotten_at=None) & ~Q(text="") & ~Q(contact="")
                | Q(forgotten_at__isnull=False, answered_at__isnull=False, text="", contact="", about="", answer=""),
            ),
        ),
        migrations.AddConstraint(
            "complaint",
            models.CheckConstraint(
                name="complaint_answered_with_an_outcome",
                condition=Q(answered_at=None, outcome="", answer="")
                | Q(answered_at__isnull=False, acknowledged_at__isnull=False)
                & ~Q(outcome="")
                & (~Q(answer="") | Q(forgotten_at__isnull=False)),
            ),
        ),
        grant("accountability_complaint", grants="UPDATE (text, contact, about, forgotten_at)", role="custos_officer"),
    ]
