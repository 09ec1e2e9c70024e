"""Collections that move to another engine: the move, what could not be moved, and how searches agree."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0018_buckets_row_security"),
        ("tenants", "0008_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="EngineMove",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("engine", models.CharField(max_length=40)),
                ("engine_version", models.CharField(max_length=200)),
                ("dimensions", models.PositiveIntegerField()),
                ("partition_no", models.IntegerField()),
                ("is_switched", models.BooleanField(default=False)),
                ("filled_up_to", models.UUIDField(blank=True, null=True)),
                ("started_by", models.UUIDField(editable=False)),
                ("decision_entry_id", models.UUIDField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("agreement", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="ShadowScore",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("is_switched", models.BooleanField()),
                (
                    "agreement",
                    models.CharField(
                        choices=[
                            ("same", "Same"),
                            ("different", "Different"),
                            ("only_answered", "Only Answered"),
                            ("only_shadow", "Only Shadow"),
                            ("neither", "Neither"),
                        ],
                        max_length=20,
                    ),
                ),
                ("similarity", models.FloatField(blank=True, null=True)),
                ("shadow_similarity", models.FloatField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UnmovedFace",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("picture_not_kept", "Picture Not Kept"),
                            ("picture_unreadable", "Picture Unreadable"),
                            ("face_not_found_again", "Face Not Found Again"),
                        ],
                        max_length=30,
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_known",
        ),
        migrations.AddField(
            model_name="collection",
            name="is_moving",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("enrol_faces", "enrol faces"),
                    ("search_faces", "search faces"),
                    ("evaluate", "evaluate"),
                    ("fill_index", "fill index"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["enrol_faces", "search_faces", "evaluate", "fill_index"])),
                name="job_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="enginemove",
            name="collection",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.collection",
            ),
        ),
        migrations.AddField(
            model_name="enginemove",
            name="job",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.job",
            ),
        ),
        migrations.AddField(
            model_name="enginemove",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="shadowscore",
            name="move",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.enginemove",
            ),
        ),
        migrations.AddField(
            model_name="shadowscore",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="unmovedface",
            name="face",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.face",
            ),
        ),
        migrations.AddField(
            model_name="unmovedface",
            name="move",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.enginemove",
            ),
        ),
        migrations.AddField(
            model_name="unmovedface",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddConstraint(
            model_name="enginemove",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="engine_move_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="enginemove",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("tenant", "collection"),
                name="engine_move_once_per_collection",
            ),
        ),
        migrations.AddIndex(
            model_name="shadowscore",
            index=models.Index(fields=["move"], name="shadow_score_by_move"),
        ),
        migrations.AddConstraint(
            model_name="shadowscore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("agreement__in", ["same", "different"]),
                        ("shadow_similarity__isnull", False),
                        ("similarity__isnull", False),
                    ),
                    models.Q(
                        ("agreement", "only_answered"), ("shadow_similarity", None), ("similarity__isnull", False)
                    ),
                    models.Q(("agreement", "only_shadow"), ("shadow_similarity__isnull", False), ("similarity", None)),
                    models.Q(("agreement", "neither"), ("shadow_similarity", None), ("similarity", None)),
                    _connector="OR",
                ),
                name="shadow_score_agrees_with_its_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="unmovedface",
            constraint=models.UniqueConstraint(fields=("move", "face"), name="unmoved_face_once"),
        ),
        migrations.AddConstraint(
            model_name="unmovedface",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["picture_not_kept", "picture_unreadable", "face_not_found_again"])),
                name="unmoved_face_reason_known",
            ),
        ),
    ]
