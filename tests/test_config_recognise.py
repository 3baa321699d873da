"""Columns told by a header, and the config that `clientier init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.config import load
from clientier.config.document import parse_document
from clientier.config.recognise import recognise
from clientier.config.starter import PRESETS, starter
from clientier.errors import ConfigError

RETAIL = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (RETAIL,
         {"customer": "CustomerID", "date": "InvoiceDate", "order": "InvoiceNo",
          "amount": "Quantity * UnitPrice"}),
        (["Invoice", "Quantity", "InvoiceDate", "Price", "Customer ID"],
         {"customer": "Customer ID", "date": "InvoiceDate", "order": "Invoice",
          "amount": "Quantity * Price"}),
        (["customer_id", "order_id", "order_date", "amount"],
         {"customer": "customer_id", "date": "order_date", "order": "order_id", "amount": "amount"}),
        (["customer_id", "order_date", "revenue"],
         {"customer": "customer_id", "date": "order_date", "amount": "revenue"}),
        (["CLIENT ID", "Order-Date", "ORDER NO.", "Total", "Unit Cost", "Qty"],
         {"customer": "CLIENT ID", "date": "Order-Date", "order": "ORDER NO.",
          "amount": "Total", "cost": "Qty * Unit Cost"}),
        (["会员号", "会员姓名", "结账时间", "账单号", "实收金额(元)"],
         {"customer": "会员号", "date": "结账时间", "order": "账单号", "amount": "实收金额(元)"}),
        (["客户编号", "下单时间", "订单号", "数量", "单价", "成本"],
         {"customer": "客户编号", "date": "下单时间", "order": "订单号",
          "amount": "数量 * 单价", "cost": "成本"}),
        (["customer", "customer_id", "date", "order date", "total", "amount"],
         {"customer": "customer_id", "date": "order date", "amount": "amount"}),
        (["Amount", "amount"], {"amount": "Amount"}),
        (["Quantity"], {}),
        (["Price", "a * b"], {"amount": "Price"}),
        ([], {}),
    ],
)  # fmt: skip
def test_a_header_tells_its_columns(header: list[str], expected: dict[str, str]) -> None:
    assert recognise(header) == expected


def loaded(folder: Path, text: str) -> dict[str, str | None]:
    path = folder / "clientier.yaml"
    path.write_text(text, encoding="utf-8")
    config = load(path)
    assert config.warnings == ()
    return config.config.transactions.columns.model_dump()


@pytest.mark.parametrize("preset", PRESETS)
def test_without_a_file_the_columns_are_the_usual_names(preset: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, starter(preset)) == {
        "customer": "customer_id", "order": "order_id", "date": "order_date", "amount": "amount",
        "cost": None,
    }  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_columns_and_formats_of_the_files_are_filled_in(preset: str, tmp_path: Path) -> None:
    formats = {"date_format": "%m/%d/%Y %H:%M", "encoding": "gb18030", "delimiter": "\t"}
    formats |= {"decimal_mark": ",", "currency": "¥"}
    text = starter(preset, RETAIL, formats)
    assert loaded(tmp_path, text)["amount"] == "Quantity * UnitPrice"
    transactions = load(tmp_path / "clientier.yaml").config.transactions
    assert {key: getattr(transactions, key) for key in formats} == formats


def test_the_default_starter_is_short_and_has_the_defaults(tmp_path: Path) -> None:
    text = starter("default", RETAIL)
    assert len(text.splitlines()) < 20
    loaded(tmp_path, text)
    minimal = tmp_path / "minimal.yaml"
    minimal.write_text("transactions: {columns: {customer: CustomerID, order: InvoiceNo, date: InvoiceDate, "
                       "amount: Quantity * UnitPrice}}\n")  # fmt: skip
    assert load(tmp_path / "clientier.yaml").config == load(minimal).config


def test_a_chinese_header_makes_a_chinese_config(tmp_path: Path) -> None:
    text = starter("default", ["会员号", "结账时间", "实收金额"])
    assert loaded(tmp_path, text) == {
        "customer": "会员号", "date": "结账时间", "amount": "实收金额", "order": None, "cost": None,
    }  # fmt: skip
    assert load(tmp_path / "clientier.yaml").config.language == "zh"


def test_a_column_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    text = starter("default", ["wer", "order_date", "amount"])
    assert (
        "    customer: customer_id  # not told by the header; put one of: wer, order_date, amount\n" in text
    )
    loaded(tmp_path, text)


@given(st.lists(st.text(max_size=8), max_size=6), st.sampled_from(PRESETS))
def test_a_starter_always_loads(header: list[str], preset: str) -> None:
    data = parse_document(starter(preset, header), "x").data
    assert set(data["transactions"]["columns"]) >= {"customer", "date", "amount"}


def test_an_unknown_preset_offers_the_nearest() -> None:
    with pytest.raises(ConfigError, match="there is no preset 'x'\n  fix: write default or fixed-thresholds"):
        starter("x")
    with pytest.raises(ConfigError, match="fix: write fixed-thresholds"):
        starter("fixed-treshold")
