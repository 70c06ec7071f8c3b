#!/usr/bin/env python3
"""What shells offer behind `lathe`: files where files are meant, names where names are, also from the user's own.

    LATHE_BINARY=path/to/lathe completions.py

bash as it is everywhere; fish and zsh where they are installed.
"""

import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe"))

# What was typed, what must be offered for its last word, and what must not. True: the program is asked for the names.
CASES = [
    (["lathe", "mas"], ["master"], []),
    (["lathe", "master", "ro"], ["rough.wav"], ["room.txt"]),
    (["lathe", "master", "RO"], ["ROUGH2.WAV"], []),
    (["lathe", "preview", "st"], ["stems"], []),
    (["lathe", "master", "rough.wav", "--preset", "st"], ["streaming"], [], True),
    (["lathe", "master", "rough.wav", "--preset", "my-"], ["my-own"], [], True),
    (["lathe", "master", "rough.wav", "--set", "limiter."], ["limiter.release="], [], True),
    (["lathe", "presets", "show", "cl"], ["club", "classical"], [], True),
    (["lathe", "studio", "--theme", ""], ["dusk", "paper", "contrast"], [], True),
    (["lathe", "studio", "--sink", ""], ["alsa", "null", "stdout", "http"], []),
    (["lathe", "generate", "x", "--genre", "hou"], ["house"], [], True),
    # The studio without its name.
    (["lathe", "--th"], ["--theme"], ["--everything"]),
    (["lathe", "--sink", ""], ["alsa", "null", "stdout", "http"], ["master"]),
    (["lathe", "--theme", ""], ["dusk", "paper"], ["master"], True),
    (["lathe", "rough.wav", "--color", ""], ["auto", "truecolor"], ["master"]),
    (["lathe", "--sink", "null", "ro"], ["rough.wav"], []),
    (["lathe", "keys", "check", ""], ["keys.toml"], ["rough.wav"]),
]

BASH = r"""
shopt -s extglob
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
_lathe lathe "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def place(root):
    music = os.path.join(root, "mixes")
    os.makedirs(os.path.join(music, "stems"))
    for name in ("rough.wav", "ROUGH2.WAV", "room.txt", "keys.toml"):
        open(os.path.join(music, name), "w").close()
    os.makedirs(root + "/config/lathe/presets")
    os.symlink(LATHE, root + "/lathe")
    path = root + ":" + os.environ["PATH"]
    environment = dict(os.environ, HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", PATH=path, LC_ALL="C.UTF-8")
    made = subprocess.run([LATHE, "presets", "morph", "pop", "club", "--amount", "50", "--name", "my-own"], env=environment, capture_output=True, text=True, timeout=30)
    assert made.returncode == 0, made.stderr
    with open(root + "/config/lathe/presets/my-own.toml", "w") as file:
        file.write(made.stdout)
    return music, environment


def script(root, shell, environment):
    made = subprocess.run([LATHE, "--generate-completion-script", shell], env=environment, capture_output=True, text=True, timeout=30)
    assert made.returncode == 0 and made.stdout, made.stderr
    path = os.path.join(root, "completions." + shell)
    with open(path, "w") as file:
        file.write(made.stdout)
    return path, made.stdout


def expect(shell, typed, offered, wanted, unwanted):
    offered = [word.split("\t")[0].rstrip("/ ") for word in offered]
    for word in wanted:
        assert word in offered, f"{shell}: {typed}: {word} is not among {offered[:20]}"
    for word in unwanted:
        assert word not in offered, f"{shell}: {typed}: {word} is offered"


def bash(root, music, environment):
    path, text = script(root, "bash", environment)
    for typed, wanted, unwanted, *_ in CASES:
        run = subprocess.run(["bash", "--norc", "-c", BASH, "bash", path, *typed], cwd=music, env=environment, capture_output=True, text=True, timeout=30)
        assert run.stderr == "", run.stderr
        expect("bash", typed, run.stdout.split("\n"), wanted, unwanted)
    # `lathe ro` is a file for the studio: the function has nothing to offer, and then files are.
    assert "complete -o filenames -o default -F _lathe lathe" in text
    return len(CASES)


def fish(root, music, environment):
    path, _ = script(root, "fish", environment)
    # Only an interactive fish can ask the program.
    cases = [case for case in CASES if len(case) == 3] + [(["lathe", "rou"], ["rough.wav"], [])]
    for typed, wanted, unwanted in cases:
        line = " ".join(typed)
        run = subprocess.run(["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"], cwd=music, env=environment, capture_output=True, text=True, timeout=30)
        expect("fish", typed, run.stdout.split("\n"), wanted, unwanted)
    return len(cases)


def zsh(root, music, environment):
    path, text = script(root, "zsh", environment)
    run = subprocess.run(["zsh", "-n", path], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    assert '&& [[ "${words[2]}" != (studio|' in text.split("_lathe_studio()")[0], "the studio's options need its name"
    assert "_describe -V subcommand subcommands && ret=0\n        _files && ret=0\n" in text.split("_lathe_studio()")[0], "no files beside the commands"
    return 1


def main():
    for shell in (bash, fish, zsh):
        if not shutil.which(shell.__name__):
            print(f"completions: {shell.__name__}: not installed")
            continue
        root = tempfile.mkdtemp(prefix="lathe-completions-")
        try:
            music, environment = place(root)
            print(f"completions: {shell.__name__}: {shell(root, music, environment)} places")
        finally:
            shutil.rmtree(root, ignore_errors=True)


main()
