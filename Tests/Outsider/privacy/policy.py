"""The printed policy: a function of the configuration, every sentence with the check behind it."""

import os
import re

from kit import HERE, Skipped, check, place

TESTS = os.path.normpath(os.path.join(HERE, "../.."))


def known_checks():
    """Every claim under Tests/, by name: unit tests and this kit's own."""
    found = set()
    for top, _, files in os.walk(TESTS):
        for name in files:
            if name.endswith((".swift", ".py")):
                with open(os.path.join(top, name), errors="replace") as file:
                    found.update(re.findall(r"(?:func|def) (\w+)\(", file.read()))
    return found


@check
def every_sentence_of_the_policy_names_a_check_that_exists():
    if not os.path.isdir(os.path.join(TESTS, "PrivacyLedgerTests")):
        raise Skipped("needs the folder of the project's tests to look the names up")
    known = known_checks()
    with place() as here:
        policy = here.json("ledger", "policy", "--json")
        assert len(policy["sentences"]) >= 15
        for sentence in policy["sentences"]:
            assert sentence["checks"], f"nothing proves: {sentence['text']}"
            for name in sentence["checks"]:
                assert name in known, f"{name} proves '{sentence['text']}' and does not exist"
        page = here.run("ledger", "policy").stdout.decode()
        for sentence in policy["sentences"]:
            assert sentence["text"] in page
    return f"{len(policy['sentences'])} sentences"


@check
def another_configuration_is_another_policy_and_the_difference_is_told_in_words():
    with place() as here:
        before = here.json("ledger", "policy", "--json")
        os.makedirs(here.home + "/config/lathe")
        with open(here.home + "/config/lathe/privacy.toml", "w") as file:
            file.write("[retention.file_open]\nidle_seconds = 120\n")
        after = here.json("ledger", "policy", "--json")
        changed = [b["text"] for a, b in zip(before["sentences"], after["sentences"]) if a != b]
        assert len(changed) == 1 and "2 minutes" in changed[0], changed
        assert before["hash"] != after["hash"]
        told = here.run("ledger", "policy", "--diff").stdout.decode()
        assert "10 minutes" in told and "2 minutes" in told, told
        with open(here.home + "/config/lathe/privacy.toml", "w") as file:
            file.write("[retention.file_open]\nidle_seconds = 1e12\n")
        wrong = here.run("ledger", "policy")
        assert wrong.returncode == 65 and b"privacy.toml:2" in wrong.stderr, wrong
