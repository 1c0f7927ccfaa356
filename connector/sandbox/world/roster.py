"""Who the made-up accounts are: shops in different zones, currencies and on different platforms."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shop:
    """One account. `cents` is the number of decimals of its money; `machine` how its events write a machine open."""

    id: str
    name: str
    timezone: str
    currency: str
    cents: int
    locale: str
    country: str
    domain: str
    sender: str
    industry: str
    platform: str
    checkout: str
    machine: tuple[str, str]
    products: tuple[tuple[str, float], ...]
    second_orders: bool = False
    old_names: bool = False
    empty: bool = False


NORTHWIND = Shop(
    id="Nw7Kq2",
    name="Northwind Outfitters",
    timezone="America/New_York",
    currency="USD",
    cents=2,
    locale="en-US",
    country="United States",
    domain="northwind.example",
    sender="Ava at Northwind",
    industry="Apparel and accessories",
    platform="Shopify",
    checkout="Checkout Started",
    machine=("machine_open", "true"),
    second_orders=True,
    products=(
        ("Trail Jacket", 189.0),
        ("Merino Base Layer", 79.5),
        ("Summit Backpack 30L", 129.99),
        ("Wool Socks, 3-pack", 24.95),
        ('Camp Mug 12"', 14.0),
        ("Headlamp & Batteries", 39.9),
        ("Rain Shell", 149.0),
        ("Trekking Poles", 89.0),
        ("Down Vest", 119.0),
        ("Fleece Beanie", 19.99),
        ("Dry Bag <10L>", 22.5),
        ("Gift Card", 50.0),
    ),
)

KIEZ = Shop(
    id="Kz4Bd9",
    name="Kiez & Küche",
    timezone="Europe/Berlin",
    currency="EUR",
    cents=2,
    locale="de-DE",
    country="Germany",
    domain="kiez.example",
    sender="Jonas von Kiez & Küche",
    industry="Home and garden",
    platform="WooCommerce",
    checkout="Started Checkout",
    machine=("Machine Open", '"true"'),
    old_names=True,
    products=(
        ("Gusseiserner Topf 24 cm", 139.0),
        ("Brotmesser", 59.9),
        ("Kräutergarten-Set", 34.5),
        ("Schneidebrett, Eiche", 49.0),
        ("Emaille-Becher", 12.9),
        ("Olivenöl 500 ml", 16.5),
        ("Leinenschürze", 44.0),
        ("Mörser „Granit“", 39.0),
        ("Pfeffermühle", 69.0),
        ("Geschirrtuch (2er)", 18.0),
    ),
)

KOHI = Shop(
    id="Kh8Jp3",
    name="Kōhī & Co. 珈琲",
    timezone="Asia/Tokyo",
    currency="JPY",
    cents=0,
    locale="ja-JP",
    country="Japan",
    domain="kohi.example",
    sender="珈琲便り",
    industry="Food and drink",
    platform="API",
    checkout="Started Checkout",
    machine=("Apple Privacy Open", "1"),
    products=(
        ("深煎りブレンド 200g", 1480.0),
        ("浅煎りエチオピア 200g", 1980.0),
        ("ドリップバッグ 10袋", 1200.0),
        ("ハンドミル", 6800.0),
        ("ドリッパー", 2400.0),
        ("ケトル 0.8L", 9800.0),
        ("マグカップ", 1600.0),
        ("水出しボトル", 3300.0),
        ("コーヒーゼリー", 680.0),
    ),
)

MASALA = replace(
    KOHI,
    id="Ms5In6",
    name="Masala & Mill",
    timezone="Asia/Kolkata",
    currency="INR",
    cents=2,
    locale="en-IN",
    country="India",
    domain="masala.example",
    sender="मसाला & Mill",
    products=(("Garam Masala 250 g", 349.0), ("चाय Set", 899.5), ("Copper Tumbler", 1299.0), ("Saffron 1 g", 549.0)),
)

NOBODY = replace(
    NORTHWIND,
    id="Em0Ty1",
    name="Brand New Store",
    timezone="Pacific/Auckland",
    currency="NZD",
    locale="en-NZ",
    country="New Zealand",
    domain="brandnew.example",
    empty=True,
)

SHOPS = (NORTHWIND, KIEZ, KOHI, MASALA)
ZONES = (
    ("Australia/Lord_Howe", "AUD"),
    ("America/Sao_Paulo", "BRL"),
    ("Europe/London", "GBP"),
    ("Asia/Kathmandu", "NPR"),
)


def roster(accounts: int, empty: bool = False) -> list[Shop]:
    """The first `accounts` shops; past the named ones, branches of Northwind in other zones."""
    shops = [SHOPS[number] if number < len(SHOPS) else _branch(number) for number in range(accounts)]
    return [*shops, NOBODY] if empty else shops


def _branch(number: int) -> Shop:
    zone, currency = ZONES[number % len(ZONES)]
    id, name = f"Br{number:04d}", f"Northwind Branch {number}"
    return replace(NORTHWIND, id=id, name=name, timezone=zone, currency=currency, domain=f"branch{number}.example")
