"""A model that says the same to everything, and counts what it is asked."""

from g3lite.lmm.base import LMM, LMMResponse


class Fixed(LMM):
    """Its replies to each request are these texts, by sample; one text stands for all samples."""

    def __init__(self, *texts):
        self.name, self.texts, self.asked = f"fixed {texts}", texts, 0

    def answer(self, requests, on_response):
        for request in requests:
            self.asked += len(request.samples)
            said = (self.texts[n % len(self.texts)] for n in request.samples)
            on_response(LMMResponse(request, request.samples, tuple(said)))
