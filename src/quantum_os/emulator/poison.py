"""Which frames are sent to see whether a client survives them."""

SHAPES: dict[str, str] = {
    "truncated": '{"e":"ORDER_TRADE_UPDATE","E":17',
    "nan": '{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{"s":"BTCUSDT","q":NaN,"X":"NEW","i":1}}',
    "nan_trade": '{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":NaN,"q":"1","m":false}',
    "empty_array": "[]",
    "number_array": "[1,2]",
    "null": "null",
    "number": "7",
    "string": '"hello"',
    "empty": "",
    "empty_object": "{}",
    "html": "<html><body>502 Bad Gateway</body></html>",
    "new_event": '{"e":"SOMETHING_NEW","E":1,"s":"BTCUSDT","data":{"a":[1,2,3]}}',
    "no_symbol": '{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{}}',
    "wrong_types": '{"e":"ORDER_TRADE_UPDATE","E":"x","T":[],"o":{"s":1,"q":{},"i":"y"}}',
    "huge_number": '{"e":"trade","E":1e400,"T":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","m":false}',
    "nested": '{"a":' * 200 + "1" + "}" * 200,
}
"""By name; any other text can be sent as well."""
