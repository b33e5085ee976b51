"""What was found and refused, and what models say of themselves, as plain text in two languages."""

from pydantic import BaseModel

from ctpet.contract import ModelContract
from ctpet.evaluate.report.told import message_text, model_kind, model_text
from ctpet.evaluate.report.words import Text
from ctpet.infer.model import Model


class Told(BaseModel):
    """One text in both languages."""

    en: str
    vi: str


class Notice(BaseModel):
    """A finding or a refusal, told to a reader."""

    code: str
    severity: str
    text: Told
    remedy: Told


class ModelCard(BaseModel):
    """What a reader is to know of a model before its picture."""

    name: str
    version: str
    kind: Told
    tracer: str
    intended_use: Told
    limitations: Told
    trained_on: list[Told]
    interval: Told | None
    digest: str
    default: bool
    card: str


def plain(text: Text) -> Told:
    """Return a text of the reports without its marks of HTML."""
    return Told(en=text.en.striptags(), vi=text.vi.striptags())


def notice(code: str, severity: str, message: str, remedy: str) -> Notice:
    """Return a finding or a refusal in both languages."""
    return Notice(
        code=code,
        severity=severity,
        text=plain(message_text(code, message)),
        remedy=Told(en=remedy, vi=remedy),
    )


def model_card(model: Model, *, name: str, default: bool, card: str) -> ModelCard:
    """Return what a model says of itself.

    Args:
        model: a model file.
        name: by which it is chosen.
        default: it is the one that is taken where none is named.
        card: the whole card, Markdown; empty where there is none.
    """
    contract = model.contract
    return ModelCard(
        name=name,
        version=contract.model_version,
        kind=plain(model_kind(contract.kind)),
        tracer=contract.tracer,
        intended_use=plain(model_text(contract.intended_use)),
        limitations=plain(model_text(contract.limitations)),
        trained_on=[plain(model_text(one.description)) for one in contract.trained_on],
        interval=_interval(contract),
        digest=model.digest,
        default=default,
        card=card,
    )


def _interval(contract: ModelContract) -> Told | None:
    if contract.interval is None:
        return None
    share = f"{contract.interval.coverage:.0%}"
    return Told(
        en=contract.interval.in_words,
        vi=f"Giữa hai cận là {share} số voxel trong cơ thể của một bệnh nhân, tính trung bình trên "
        f"các bệnh nhân giống những người đã dùng để hiệu chuẩn "
        f"({contract.interval.calibrated_on}). Tổn thương mà CT không thấy nằm ngoài khoảng này.",
    )
