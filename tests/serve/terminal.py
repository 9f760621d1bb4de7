"""Runs the server on a terminal, enters the password, replaces the keystore, and prints the results."""
import json, os, pty, re, select, shutil, signal, sys, termios, time, urllib.error, urllib.request

binary, password, keystore, other = sys.argv[1:]
client = "8d001e58-c758-4beb-a9ec-ae1d770fa35e"
process, terminal = pty.fork()
if process == 0:
    os.execv(binary, [binary, "serve", "--env", "local", "--port", "0", "-c", client, "-k", keystore])
shown = ""


def wait_for(text, seconds=30):
    global shown
    end = time.time() + seconds
    while text not in shown:
        if time.time() > end:
            sys.exit(f"{text!r} was not shown: {shown}")
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65536).decode()


def ask():
    try:
        return str(urllib.request.urlopen(url).status)
    except urllib.error.HTTPError as error:
        return f"{error.code} {json.load(error)['mp_code']}"


wait_for(f"Password for {keystore}: ")
while termios.tcgetattr(terminal)[3] & termios.ECHO:
    time.sleep(0.005)
os.write(terminal, password.encode() + b"\r")
wait_for("listening on ")
url = re.search(r"http://127[^ ]*", shown)[0]
first = ask()
shutil.copy(other, keystore)
wait_for("reloaded config and keys (")
second = ask()
os.kill(process, signal.SIGTERM)
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
asked = shown.count("Password for ")
print(f"asked {asked} time(s), then {first}, then {second}, ended with {code}")
