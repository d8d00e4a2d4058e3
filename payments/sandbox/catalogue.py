"""Products and prices."""

from datetime import datetime

from payments.sandbox import events, ids, lists, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

INTERVALS = ("day", "week", "month", "year")


@operation("post", "/v1/products")
def create_product(params: Params, now: datetime) -> Shape:
    stripe_id = params.text("id") or ids.new("prod", 14)
    if store.every("product").filter(stripe_id=stripe_id).exists():
        raise InvalidRequestError(
            f"Product already exists: {stripe_id}", code="resource_already_exists", param="id"
        )
    active = params.flag("active")
    product = store.add(
        {
            "id": stripe_id,
            "object": "product",
            "active": True if active is None else active,
            "created": store.stamp(now),
            "default_price": None,
            "description": params.text("description"),
            "images": params.texts("images"),
            "livemode": False,
            "marketing_features": [],
            "metadata": params.metadata(),
            "name": params.must("name"),
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": params.text("statement_descriptor"),
            "tax_code": params.text("tax_code"),
            "type": "service",
            "unit_label": None,
            "updated": store.stamp(now),
            "url": params.text("url"),
        }
    )
    events.emit("product.created", product, now)
    return product.data


@operation("post", "/v1/products/{id}")
def update_product(params: Params, now: datetime, stripe_id: str) -> Shape:
    product = store.get("product", stripe_id)
    fields: Shape = {"metadata": params.metadata(product.data["metadata"])}
    if name := params.text("name"):
        fields["name"] = name
    if "description" in params:
        fields["description"] = params.text("description")
    if "images" in params:
        fields["images"] = params.texts("images")
    if (active := params.flag("active")) is not None:
        fields["active"] = active
    if default := params.text("default_price"):
        fields["default_price"] = store.get("price", default, param="default_price").stripe_id
    if any(product.data[name] != value for name, value in fields.items()):
        fields["updated"] = store.stamp(now)
    events.changed("product.updated", product, now, **fields)
    return product.data


@operation("get", "/v1/products/{id}")
def retrieve_product(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("product", stripe_id).data


@operation("get", "/v1/products")
def list_products(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("product"), params)
    if (active := params.flag("active")) is not None:
        rows = rows.filter(data__active=active)
    if wanted := params.texts("ids"):
        rows = rows.filter(stripe_id__in=wanted)
    return lists.page(rows, "product", params, "/v1/products")


@operation("post", "/v1/prices")
def create_price(params: Params, now: datetime) -> Shape:
    lookup_key = params.text("lookup_key", longest=200)
    _free_lookup_key(lookup_key, params.flag("transfer_lookup_key") or False, now)
    product = params.text("product")
    if product is None:
        product = create_product(_product_data(params), now)["id"]
    active = params.flag("active")
    price = new_price(
        product=store.get("product", product, param="product"),
        currency=params.must("currency", longest=3).lower(),
        unit_amount=params.whole("unit_amount", required=True) or 0,
        recurring=_recurring(params),
        now=now,
        lookup_key=lookup_key,
        nickname=params.text("nickname"),
        metadata=params.metadata(),
        active=True if active is None else active,
        tax_behavior=params.text("tax_behavior") or "unspecified",
    )
    return price.data


def _product_data(params: Params) -> Params:
    """The product described inside the request, for create_product to read."""
    if "product_data" not in params:
        raise InvalidRequestError(
            "You must specify either `product` or `product_data` when creating a price.",
            code="parameter_missing",
            param="product",
        )
    return params.nested("product_data")


def _recurring(params: Params) -> Shape | None:
    if "recurring" not in params:
        return None
    recurring = params.nested("recurring")
    recurring.text("usage_type", choices=["licensed"])
    return {
        "interval": recurring.must("interval", choices=INTERVALS),
        "interval_count": recurring.whole("interval_count", low=1, high=36) or 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def new_price(
    *,
    product: StripeObject,
    currency: str,
    unit_amount: int,
    recurring: Shape | None,
    now: datetime,
    lookup_key: str | None = None,
    nickname: str | None = None,
    metadata: dict[str, str] | None = None,
    active: bool = True,
    tax_behavior: str = "unspecified",
) -> StripeObject:
    price = store.add(
        {
            "id": ids.new("price"),
            "object": "price",
            "active": active,
            "billing_scheme": "per_unit",
            "created": store.stamp(now),
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": lookup_key,
            "metadata": metadata or {},
            "nickname": nickname,
            "product": product.stripe_id,
            "recurring": recurring,
            "tax_behavior": tax_behavior,
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        }
    )
    events.emit("price.created", price, now)
    return price


def inline_price(params: Params, now: datetime) -> StripeObject:
    """The price that a line's `price_data` describes: kept, but inactive, as Stripe does it."""
    product = params.text("product")
    if product is None:
        product = create_product(_product_data(params), now)["id"]
    return new_price(
        product=store.get("product", product, param=params.path("product")),
        currency=params.must("currency", longest=3).lower(),
        unit_amount=params.whole("unit_amount", required=True) or 0,
        recurring=_recurring(params),
        now=now,
        active=False,
    )


def _free_lookup_key(key: str | None, transfer: bool, now: datetime) -> None:
    holder = store.every("price").filter(data__lookup_key=key).first() if key else None
    if holder is None:
        return
    if not transfer:
        raise InvalidRequestError(
            f"A price (`{holder.stripe_id}`) already uses that lookup key.", param="lookup_key"
        )
    events.changed("price.updated", holder, now, lookup_key=None)


@operation("post", "/v1/prices/{price}")
def update_price(params: Params, now: datetime, stripe_id: str) -> Shape:
    """What a price costs never changes."""
    price = store.get("price", stripe_id, param="price")
    fields: Shape = {"metadata": params.metadata(price.data["metadata"])}
    if (active := params.flag("active")) is not None:
        fields["active"] = active
    if "nickname" in params:
        fields["nickname"] = params.text("nickname")
    transfer = params.flag("transfer_lookup_key") or False
    if "lookup_key" in params:
        fields["lookup_key"] = params.text("lookup_key", longest=200)
        if fields["lookup_key"] != price.data["lookup_key"]:
            _free_lookup_key(fields["lookup_key"], transfer, now)
    events.changed("price.updated", price, now, **fields)
    return price.data


@operation("get", "/v1/prices/{price}")
def retrieve_price(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("price", stripe_id, param="price").data


@operation("get", "/v1/prices")
def list_prices(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("price"), params, "product", "currency", "type")
    if (active := params.flag("active")) is not None:
        rows = rows.filter(data__active=active)
    if keys := params.texts("lookup_keys"):
        rows = rows.filter(data__lookup_key__in=keys)
    return lists.page(rows, "price", params, "/v1/prices")


def product_name(price: Shape) -> str:
    return str(store.get("product", price["product"]).data["name"])
