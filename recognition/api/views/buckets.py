"""Buckets that a tenant lets pictures be read from: list, register, remove."""

from __future__ import annotations

import uuid

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, documented
from common.pagination import page
from recognition.api import examples
from recognition.api.serializers import buckets as shapes
from recognition.services import buckets
from tenants.api.requests import actor_of, validated_body

_TAG = "buckets"


class BucketList(APIView):
    @documented(
        "list_buckets",
        governed=False,
        summary="List the buckets that pictures may be read from, oldest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.BucketPage},
        example=examples.LIST_BUCKETS,
    )
    def get(self, request: Request) -> Response:
        found = buckets.list_buckets(
            actor_of(request), paginate=lambda rows: page(rows, request, present=shapes.bucket_of)
        )
        return Response(found)

    @documented(
        "register_bucket",
        governed=False,
        summary="Register a bucket of an S3-compatible service, for `S3Object` to name",
        tag=_TAG,
        json=shapes.RegisterBucketRequest,
        responses={201: shapes.BucketResponse},
        problems=(409,),
        example=examples.REGISTER_BUCKET,
    )
    def post(self, request: Request) -> Response:
        stated = buckets.NewBucket(**validated_body(request, shapes.RegisterBucketRequest))
        bucket = buckets.register_bucket(actor_of(request), stated=stated)
        return Response(shapes.bucket_of(bucket), status=status.HTTP_201_CREATED)


class BucketDetail(APIView):
    @documented(
        "remove_bucket",
        governed=False,
        summary="Forget a bucket with its log-in; its objects are not touched",
        tag=_TAG,
        responses={204: None},
        problems=(404,),
    )
    def delete(self, request: Request, bucket_id: uuid.UUID) -> Response:
        buckets.remove_bucket(actor_of(request), bucket_id=bucket_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
