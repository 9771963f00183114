"""A program of somebody else: ccxt without asyncio places and cancels.

Run as `python plain_ccxt_client.py PORT`, with the certificate in REQUESTS_CA_BUNDLE.
"""

import sys

import ccxt

SYMBOL = "BTC/USDT:USDT"


def main(port: str) -> None:
    client = ccxt.binanceusdm({"apiKey": "KEY1", "secret": "SECRET1", "requests_trust_env": True})
    addresses = client.urls["api"]
    for name, address in addresses.items():
        if isinstance(address, str):
            addresses[name] = address.replace(address.split("/")[2], f"localhost:{port}")
    price = client.fetch_ticker(SYMBOL)["last"] * 0.97
    placed = client.create_order(SYMBOL, "limit", "buy", 0.01, price)
    cancelled = client.cancel_order(placed["id"], SYMBOL)
    print(placed["status"], cancelled["status"])


if __name__ == "__main__":
    main(*sys.argv[1:])
