"""Runs a command on a terminal of its own, answers its question, and tells what the terminal saw.

Reads from stdin an object: command, environment, stdout (a file), answers (pairs: what to wait for, what to type;
a third element means that this answer shows), visible (whether all answers show, so that nothing waits for the echo to
go off).
Prints one: code, terminal (all that was shown), hidden (whether the terminal's echo was off at each question),
echo (whether it is on when the command has ended).
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
        visible = wanted.get("visible") or len(answers[0]) > 2
        while not visible and echo() and time.monotonic() < deadline:
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
