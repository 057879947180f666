"""Accounts without a name or a home, as in containers that run under an arbitrary user id."""

import os
import pwd
from pathlib import Path

import pytest

from artsim.runtime.local_ray import token_file
from artsim.scrape.options import ScrapeOptions


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)


def test_an_account_without_a_name_is_identified_by_its_uid(nameless: None) -> None:
    assert f"(+uid-{os.getuid()}@" in ScrapeOptions().user_agent


def test_an_account_without_a_home_has_no_token_file_and_no_traceback(nameless: None) -> None:
    with pytest.raises(RuntimeError):
        Path.home()
    assert not token_file().exists()
    with pytest.raises(OSError, match=os.devnull):
        token_file().parent.mkdir(parents=True, exist_ok=True)
