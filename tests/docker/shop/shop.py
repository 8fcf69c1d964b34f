"""A small Django API on PostgreSQL, as somebody else may have it: settings, views and the program in one file."""

from __future__ import annotations

import hashlib
import json
import logging.handlers
import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="shop",
    SECRET_KEY=os.environ["DJANGO_KEY"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "db",
            "NAME": "shop",
            "USER": "shop",
            "PASSWORD": os.environ["DB_PASSWORD"],
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    },
)
django.setup()
log = logging.getLogger("shop")
log.addHandler(logging.handlers.WatchedFileHandler("/var/log/shop/shop.log"))


def healthz(_: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("create table if not exists orders (seq bigint primary key, payload text not null)")
    return JsonResponse({"status": "alive"})


def item(_: HttpRequest, number: int) -> JsonResponse:
    log.warning("item %d", number)
    with connection.cursor() as cursor:
        cursor.execute("select %s * 2", [number])
        return JsonResponse({"item": number, "price": cursor.fetchone()[0]})


def orders(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        if request.method == "POST":
            asked = json.loads(request.body)
            cursor.execute(
                "insert into orders values (%s, %s) on conflict do nothing", [asked["seq"], asked["payload"]]
            )
            return JsonResponse({"seq": asked["seq"]}, status=201)
        after, limit = int(request.GET["after"]), int(request.GET["limit"])
        cursor.execute("select * from orders where seq > %s order by seq limit %s", [after, limit + 1])
        rows = cursor.fetchall()
    records = [{"seq": seq, "checksum": hashlib.sha256(text.encode()).hexdigest()[:16]} for seq, text in rows]
    return JsonResponse({"records": records[:limit], "last": len(rows) <= limit})


urlpatterns = [path("healthz", healthz), path("items/<int:number>", item), path("orders", orders)]
application = WSGIHandler()
