"""Texts that others wrote: translated where they are ours, else shown and said to be foreign."""

from dataclasses import replace

import pytest

from ctpet.evaluate.report.page import write_report
from ctpet.evaluate.report.told import language_of, message_text, model_kind, model_text
from ctpet.findings import Finding
from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model, shipped_models
from tests.evaluate.report.made import assembled, contract, evaluation, score
from tests.evaluate.report.reading import Page

UNTRANSLATED = "nguyên văn"


@pytest.mark.parametrize("name", shipped_models())
def test_the_texts_of_the_shipped_models_are_translated(name):
    found = load_model(find_model(name)).contract
    for text in (found.intended_use, found.limitations, found.trained_on[0].description):
        told = model_text(text)
        assert told.en.unescape() == text.rstrip(".")
        assert language_of(told.vi.unescape()) == "vi"
        assert UNTRANSLATED not in told.vi
        assert not told.vi.endswith(".")
    assert language_of(model_kind(found.kind).vi) == "vi"


def test_the_text_of_another_model_is_shown_as_it_is_and_said_to_be_english():
    told = model_text("For <b>knees</b>.")
    assert told.en == "For &lt;b&gt;knees&lt;/b&gt;"
    assert told.vi == ('<span lang="en">For &lt;b&gt;knees&lt;/b&gt;</span> (nguyên văn tiếng Anh)')


def test_a_vietnamese_text_is_said_to_be_so_in_english():
    told = model_text("Chỉ dùng để nghiên cứu.")
    assert told.vi == "Chỉ dùng để nghiên cứu"
    assert told.en == '<span lang="vi">Chỉ dùng để nghiên cứu</span> (as written, in Vietnamese)'


def test_a_finding_is_explained_in_vietnamese_and_keeps_its_numbers():
    told = message_text("slice-interpolated", "One slice is missing between 3.00 and 6.00 mm")
    assert told.en == "One slice is missing between 3.00 and 6.00 mm"
    assert told.vi.startswith("Thiếu một lát cắt; lát này được nội suy.")
    assert "between 3.00 and 6.00 mm" in told.vi


def test_a_finding_without_a_translation_is_marked():
    told = message_text("no-such-code", "Something <odd>")
    assert told.vi == '<span lang="en">Something &lt;odd&gt;</span> (nguyên văn tiếng Anh)'


def test_the_page_tells_models_and_findings_in_vietnamese(tmp_path):
    shipped = load_model(find_model("phantom-unet"))
    finding = Finding("prediction-covers-part", "warning", "The prediction covers 90% of the body")
    one = assembled([score("one", 0.1, findings=[finding])], evaluation([0.1]).baselines)
    for model, marked in ((shipped.contract, False), (contract(), True)):
        path = tmp_path / "page.html"
        write_report(replace(one, model=(model, "ab" * 32)), (), path, language="vi")
        text = Page(path.read_text("utf-8"), "vi").text
        assert "Dự đoán chỉ phủ một phần cơ thể" in text
        assert "The prediction covers 90% of the body (nguyên văn tiếng Anh)" in text
        (methods,) = [line for line in text.splitlines() if line.startswith("PET tổng hợp được")]
        assert ("Mục đích sử dụng: Tests (nguyên văn tiếng Anh)." in methods) == marked
        assert ("không có người thật" in methods) != marked
