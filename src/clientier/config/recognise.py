"""Which column of a file holds what, told by the names in its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

# Names without case, spaces, underscores and signs; the best first. Add to them freely.
NAMES = MappingProxyType({
    "customer": """
        customerid customerno customernumber customercode custid clientid memberid memberno
        membershipid membershipno userid buyerid shopperid accountid cardno cardnumber customer client
        member buyer 会员号 会员编号 会员卡号 会员id 客户编号 客户号 客户id 客户代码 客户编码 顾客编号
        顾客id 用户编号 用户id 买家id 买家会员名 卡号 会员 客户 顾客 手机号 手机号码
    """,
    "date": """
        orderdate invoicedate purchasedate transactiondate saledate salesdate billdate receiptdate
        orderedat orderdatetime ordertime purchasetime paidat paymentdate createdat date datetime
        timestamp day time 结账时间 下单时间 下单日期 订单日期 订单时间 交易时间 交易日期 消费时间
        消费日期 销售日期 销售时间 购买日期 购买时间 付款时间 支付时间 开单时间 创建时间 订单创建时间
        日期 时间
    """,
    "order": """
        orderid orderno ordernumber ordercode invoiceno invoiceid invoicenumber invoice billno billid
        receiptno receiptid receipt transactionid transactionno basketid order 订单号 订单编号 订单id
        账单号 账单编号 小票号 单据号 单号 交易号 交易编号 流水号 发票号
    """,
    "amount": """
        amount netamount paidamount amountpaid lineamount linetotal orderamount orderamt ordertotal
        totalamount totalprice transactionamount salesamount revenue sales total spend payment value
        实收金额 实付金额 实际支付金额 买家实际支付金额 支付金额 付款金额 实收 实付 消费金额 成交金额
        销售金额 销售额 订单金额 交易金额 总金额 金额 合计 总价
    """,
    "quantity": """
        quantity qty units 数量 件数 购买数量 销售数量 商品数量
    """,
    "price": """
        unitprice priceperunit priceeach sellingprice price 单价 销售单价 商品单价 售价 价格
    """,
    "cost": """
        cost linecost totalcost costamount cogs 成本 成本金额 总成本
    """,
    "unit_cost": """
        unitcost costprice costperunit 单位成本 成本价 进价
    """,
})  # fmt: skip


def recognise(header: Sequence[str]) -> dict[str, str]:
    """Guess ``transactions.columns`` from a header; a key that cannot be told is left out."""
    found = {
        role: column for role, names in NAMES.items() if (column := _named(names.split(), header)) is not None
    }
    columns = {role: found[role] for role in ("customer", "date", "order") if role in found}
    amount = found.get("amount") or _product(found, "price") or found.get("price")
    cost = found.get("cost") or _product(found, "unit_cost")
    return columns | ({"amount": amount} if amount else {}) | ({"cost": cost} if cost else {})


def _named(names: Sequence[str], header: Sequence[str]) -> str | None:
    # A name with " * " in it would read as a product.
    bare = {_bare(column): column for column in reversed(header) if " * " not in column}
    return next((bare[name] for name in names if name in bare), None)


def _bare(name: str) -> str:
    """Leave letters and digits, so that ``Customer ID`` is ``customer_id``; drop a unit in brackets."""
    without_unit = re.sub(r"[((\[【].*?[))\]】]", "", name)
    return re.sub(r"[\W_]+", "", without_unit or name).casefold()


def _product(found: dict[str, str], price: str) -> str | None:
    if "quantity" in found and price in found:
        return f"{found['quantity']} * {found[price]}"
    return None
