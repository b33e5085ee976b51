"""The models that a reader may choose, each opened once."""

from functools import cached_property

from ctpet.infer.model import load_model
from ctpet.infer.shipped import find_model, shipped_models
from ctpet.serve.web.problem import Problem
from ctpet.serve.web.told import ModelCard, model_card


class Models:
    """The shipped models; of files that a browser could name there are none."""

    @cached_property
    def cards(self) -> dict[str, ModelCard]:
        """What each says of itself, by name; the default comes first."""
        default = find_model(None).stem
        names = sorted(shipped_models(), key=lambda name: (name != default, name))
        return {name: self._card(name, default=name == default) for name in names}

    def card(self, name: str | None) -> ModelCard:
        """Return the card of a model, of the default one if none is named.

        Raises:
            Problem: ``no-such-model``.
        """
        card = self.cards.get(name) if name else next(iter(self.cards.values()))
        if card is None:
            raise Problem(
                404,
                "no-such-model",
                "There is no such model on this server. Choose one of its list.",
                "Máy chủ không có mô hình này. Hãy chọn một mô hình trong danh sách.",
            )
        return card

    @staticmethod
    def _card(name: str, *, default: bool) -> ModelCard:
        path = find_model(name)
        written = path.with_suffix(".md")
        text = written.read_text("utf-8") if written.exists() else ""
        return model_card(load_model(path), name=name, default=default, card=text)
