"""Is a marketer's file read as it was meant, and is every fault of it named?"""

import re
from pathlib import Path

import pytest

from app.commands.campaign_form import read_file
from app.commands.running import CommandFailed
from bot.texts import load_texts
from broadcast.content_faults import faults_of_content
from domain.campaign import CampaignRefused
from domain.content import Content

DOCUMENT = Path(__file__).parents[3] / "docs" / "campaigns.md"
LINK = "https://assent.example/u/" + "x" * 60


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_of_the_documentation_has_every_kind_and_no_fault(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    form = read_file(written(tmp_path, example[1]))
    texts = form.pop("texts")
    assert form == {"name": "Spring", "topic": "offers", "until": "2026-12-01 18:00"}
    assert set(texts) == {"en", "de", "fr", "it"}
    assert texts["en"] == Content(text="Hi {{first_name|there}}, a coffee is on us today.")
    assert [len(texts["it"].cards), len(texts["de"].buttons), texts["fr"].is_media] == [2, 2, True]
    catalog = load_texts()
    for language, content in texts.items():
        assert faults_of_content(content, language, link=LINK, texts=catalog.choose(language)) == []


def test_every_fault_of_a_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(CampaignRefused) as refused:
        read_file(written(tmp_path, 'topic = 3\nnmae = "x"\n[texts]\nen = 4\n[texts.de]\nbuttons = 3\n'))
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [
        "nmae",
        "topic",
        "name",
        "texts.en",
        "texts.de.buttons",
    ]


@pytest.mark.parametrize("text", ["name = ", "\x00"])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandFailed, match="TOML"):
        read_file(written(tmp_path, text))


def test_a_file_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignRefused, match="texts: must be a table"):
        read_file(written(tmp_path, 'name = "x"\n'))
