"""Runs the Autobahn testsuite's fuzzing client against a socket of the API. For Python 2.7.

    autobahn_cases.py URL TOKEN REPORT

The cases were made for a server that echoes. This one says hello first, and then its messages,
which are no frames of the API, are each refused, one by one and in their order, while the socket
goes on. So the n-th refusal is shown to a case as the echo of its n-th message: that every message
came whole, and no more of them, is held to; what was in them is not. A goodbye
is not shown: the close follows.
Pings, pongs, closes and all that breaks RFC 6455 are the case's own.

Left out are compression (12 and 13), which this API does not offer, and messages that are larger
than it takes.
"""

import json
import sys

from twisted.internet import reactor

from autobahntestsuite import fuzzing
from autobahntestsuite.case import Cases
from autobahntestsuite.case.case import Case

TOO_LARGE = ["9.1.4", "9.1.5", "9.1.6", "9.2.4", "9.2.5", "9.2.6", "9.3.*", "9.4.*"]
# A thousand messages, each after the echo of the last: they measure, and judge nothing more.
MEASUREMENTS = ["9.7.*", "9.8.*"]


class GreetingProtocol(fuzzing.FuzzingClientProtocol):
    """A case that begins after the welcome."""

    def onOpen(self):
        self.is_greeted = False
        self.answered = 0
        self.connectionWasOpen = True
        hello = {"type": "hello", "token": self.factory.token}
        self.sendMessage(json.dumps(hello))

    def onMessage(self, message, is_binary):
        said = json.loads(message)
        if not self.is_greeted:
            if said["type"] != "welcome":
                raise Exception("no welcome: %s" % message)
            self.is_greeted = True
            # A case may count what was sent: what we said before it is not its own.
            self.txFrameStats = {}
            self.rxFrameStats = {}
            fuzzing.FuzzingClientProtocol.onOpen(self)
        elif said["type"] == "refused" and said["code"] == "malformed":
            self.runCase.onMessage(*self.next_echo())
        elif said["type"] != "goodbye":
            raise Exception("unexpected: %s" % message)

    def next_echo(self):
        """What the case expects as its next message."""
        size = getattr(self.runCase, "DATALEN", None)
        if size is not None:
            # These cases count bytes, and say by what they send of which kind these are.
            return "*" * size, self.runCase.PAYLOAD.startswith("\0")
        expected = self.runCase.expected.get(Case.OK, [])
        messages = [event[1:] for event in expected if event[0] == "message"]
        self.answered += 1
        if self.answered > len(messages):
            return "an answer too many", False
        return messages[self.answered - 1]


class GreetingFactory(fuzzing.FuzzingClientFactory):
    """One case after the other, and a report as one JSON object."""

    def buildProtocol(self, addr):
        protocol = GreetingProtocol()
        protocol.factory = self
        protocol.caseAgent = self.agent
        protocol.case = self.currentCaseIndex
        protocol.Case = Cases[self.currentCaseIndex - 1]
        protocol.runCase = protocol.Case(protocol)
        return protocol

    def createReports(self, produceHtml=True, produceJson=True):
        names = ["behavior", "behaviorClose", "remoteCloseCode", "result", "resultClose"]
        report = {}
        for case, by_agent in self.cases.items():
            for result in by_agent.values():
                report[case] = dict((name, result[name]) for name in names)
        with open(self.report, "w") as out:
            json.dump(report, out, sort_keys=True, indent=1)


def main():
    url, token, report = sys.argv[1:]
    GreetingFactory.token = token
    GreetingFactory.report = report
    spec = {
        "servers": [{"agent": "comity", "url": url}],
        "cases": ["*"],
        "exclude-cases": ["12.*", "13.*"] + TOO_LARGE + MEASUREMENTS,
        "exclude-agent-cases": {},
    }
    factory = GreetingFactory(spec)
    reactor.run()
    if not factory.cases:
        sys.exit("no case ran")


if __name__ == "__main__":
    main()
