"""Which words the venue refuses with: Binance's codes, their texts and their HTTP statuses."""

from http import HTTPStatus

TEXTS: dict[int, str] = {
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: "Too many requests; current limit is {detail} requests per minute.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution "
    "status unknown.",
    -1008: "Request throttled by system-level protection. Reduce-only/close-position orders are "
    "exempt. Please try again.",
    -1015: "Too many new orders; current limit is {detail}.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1102: "Mandatory parameter '{detail}' was not sent, was empty/null, or malformed.",
    -1105: "Parameter '{detail}' was empty.",
    -1106: "Parameter '{detail}' sent when not required.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1128: "Combination of optional parameters invalid.",
    -1130: "Data sent for parameter '{detail}' is not valid.",
    -2010: "New order rejected.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2018: "Balance is insufficient.",
    -2019: "Margin is insufficient.",
    -2020: "Unable to fill.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2023: "User in liquidation mode now.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id is not valid.",
    -4016: "Price is higher than mark price multiplier cap.",
    -4023: "Quantity not increased by step size.",
    -4024: "Price is lower than mark price multiplier floor.",
    -4028: "Leverage {detail} is not valid.",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4054: "Cannot add position margin: position is 0.",
    -4051: "Isolated balance insufficient.",
    -4059: "No need to change position side.",
    -4060: "Invalid position side.",
    -4061: "Order's position side does not match user's setting.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4087: "User can only place reduce only order.",
    -4116: "ClientOrderId is duplicated.",
    -4118: "ReduceOnly Order Failed. Please check your existing position and open orders.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints "
    "instead.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is "
    "existing.",
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -4140: "Invalid symbol status for opening position.",
    -4141: "Symbol is closed.",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4164: "Order's notional must be no smaller than {detail} (unless you choose reduce only).",
    -4165: "Invalid time interval: Maximum time interval is {detail} days.",
    -4168: "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
    -4192: "Cooling-off period: trade is forbidden.",
    -4400: "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please "
    "try again later.",
    -5000: "Path {detail} is invalid",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. The "
    "order will not be recorded in the order history",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history",
    -5025: "Only limit order is supported.",
    -5026: "Exceed maximum modify order limit.",
    -5027: "No need to modify the order.",
}
"""What each code says; `{detail}` is filled in by who refuses."""

STATUSES: dict[int, int] = {
    -1003: HTTPStatus.TOO_MANY_REQUESTS,
    -1008: HTTPStatus.SERVICE_UNAVAILABLE,
    -1015: HTTPStatus.TOO_MANY_REQUESTS,
    -2014: HTTPStatus.UNAUTHORIZED,
    -2015: HTTPStatus.UNAUTHORIZED,
    -5000: HTTPStatus.NOT_FOUND,
}
"""The statuses that are not 400."""


class Refused(Exception):
    """A request that the venue does not carry out: `code`, the `text` shown, HTTP `status`."""

    def __init__(
        self, code: int, detail: object = "", *, text: str | None = None, status: int | None = None
    ) -> None:
        known = TEXTS.get(code, "Unknown error.").replace("{detail}", str(detail))
        self.code = code
        self.text = known if text is None else text
        self.status = status or STATUSES.get(code, HTTPStatus.BAD_REQUEST)
        super().__init__(f"{code} {self.text}")

    def body(self) -> dict[str, object]:
        """Gives what stands in the answer."""
        return {"code": self.code, "msg": self.text}
