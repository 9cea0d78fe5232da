"""A person before the sandbox's pages of sign-in: fills in what they ask for, and presses the button that goes on."""

import html.parser

from lib import expect


class Form(html.parser.HTMLParser):
    """The fields of a page's form, and its buttons."""

    def __init__(self, text):
        super().__init__()
        self.fields, self.buttons = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        words = dict(attrs)
        if tag == "input":
            self.fields[words["name"]] = words.get("value", "")
        if tag == "button":
            self.buttons.append(words["value"])


class Browser:
    """One person, Alice unless another is named, who agrees to everything."""

    # What carries on, by the value of the button: a code typed, a sign-in, a second factor, consent, a device.
    ONWARD = ("next", "signin", "approve", "accept", "continue")

    def __init__(self, tenant, user="alice@contoso.test"):
        import requests

        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, tenant["ca_file"]
        self.person = {"login": user, "passwd": tenant["password"]}

    def sign_in(self, address):
        """The address that the browser is sent back to."""
        answer = self.walk(address, {})
        expect(answer.is_redirect, f"the sign-in ended on a page: {answer.text[-600:]}")
        return answer.headers["Location"]

    def approve_device(self, page, code):
        """Types the code of a device, and signs in for it."""
        answer = self.walk(page, {"code": code})
        expect("You have signed in" in answer.text, f"the device was not let in: {answer.text[-600:]}")

    def walk(self, address, typed):
        answer = self.session.get(address, allow_redirects=False, timeout=30)
        for _ in range(8):
            if answer.is_redirect:
                return answer
            form = Form(answer.text)
            onward = [button for button in form.buttons if button in self.ONWARD]
            if not onward:
                return answer
            words = {**typed, **self.person}
            fields = {name: words.get(name) or value for name, value in form.fields.items()}
            answer = self.session.post(
                address, data={**fields, "answer": onward[0]}, allow_redirects=False, timeout=30,
            )
        raise AssertionError("the pages of the sign-in have no end")
