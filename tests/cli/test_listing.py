import pytest

from wssl import study
from wssl.cli import main
from wssl.experiment import Experiment
from wssl.records.store import Store

pytestmark = pytest.mark.xdist_group("cli")

ROTATION = Experiment(preset="smoke", pretext={"rotation": 1.0})


def test_records_of_other_kinds_are_in_nobodys_way(capsys):
    record = {"kind": "fill", "fingerprint": "0" * 16, "experiment": {"fill": "telea"}}
    Store().put({**record, "provenance": {"seconds": 1.0}, "metrics": {}})
    assert study.retired() == {}
    assert main(["list"]) == 0
    assert main(["study", "--preset", "smoke", "--plan", "--jobs", "1"]) == 0


def test_records_are_listed_with_their_settings_scores_and_fingerprint(results, capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    (line,) = (line for line in lines if "Rotation" in line)
    record = results.get(ROTATION.fingerprint)
    metrics, finished = record["metrics"], record["provenance"]["finished"]
    assert line.split() == [
        *(ROTATION.fingerprint, finished[:10], finished[11:16], "smoke", "synthetic"),
        *(f"{metrics['psnr']:.2f}", "dB", f"{metrics['ssim']:.4f}"),
        *("Rotation,", "seed", "0"),
    ]
    assert main(["list", "--all"]) == 0
    everything = capsys.readouterr().out.splitlines()
    assert len(everything) == 6
    assert sum("pretext phase" in line for line in everything) == 3
    assert main(["list", "smoke", "ROTATION"]) == 0
    assert capsys.readouterr().out.splitlines() == [line]
    assert main(["list", "nothing of the kind"]) == 0
    assert capsys.readouterr().out == "None of the 3 records contains all of these words.\n"


def test_an_empty_list_says_how_to_fill_it(capsys):
    assert main(["list"]) == 0
    assert "contains no records yet; `wssl run` creates one" in capsys.readouterr().out
