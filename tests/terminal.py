"""Runs a command on a pseudoterminal, types the answers to its prompts, and reports what the terminal showed.

Reads an object from stdin: command, environment, stdout (a file), answers (pairs: the prompt to wait for, the text to
type), visible (whether the answers are echoed; if not, each is typed once the echo is off).
Prints an object: code, terminal (everything that was shown), hidden (whether the echo was off at each prompt), echo
(whether it is on after the end of the command).
"""

import fcntl, json, os, pty, select, sys, termios, time

wanted = json.load(sys.stdin)
terminal, theirs = pty.openpty()


def echo():
    return bool(termios.tcgetattr(theirs)[3] & termios.ECHO)


child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    os.dup2(theirs, 0)
    os.dup2(os.open(wanted["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(theirs, 2)
    os.execve(wanted["command"][0], wanted["command"], wanted["environment"])

shown, seen, hidden, status = b"", 0, [], None
answers = list(wanted["answers"])
deadline = time.monotonic() + 60
while True:
    if select.select([terminal], [], [], 0.02)[0]:
        shown += os.read(terminal, 4096)
    elif status is not None:
        break
    if answers and answers[0][0].encode() in shown[seen:]:
        while not wanted.get("visible") and echo() and time.monotonic() < deadline:
            time.sleep(0.01)
        hidden.append(not echo())
        seen = len(shown)
        os.write(terminal, answers.pop(0)[1].encode())
    if status is None:
        ended, result = os.waitpid(child, os.WNOHANG)
        if ended:
            status = os.waitstatus_to_exitcode(result)
        elif time.monotonic() > deadline:
            sys.exit(f"it waits for something: {shown!r}")

print(json.dumps({"code": status, "terminal": shown.decode(), "hidden": hidden, "echo": echo()}))
