"""What a person writes down while he reads: a note on a communication, the call that it is about."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from archive.audit import calls
from archive.documents import notes


class NoteForm(forms.Form):
    """A note; what it says is kept in the form when it cannot be taken."""

    text = forms.CharField(
        label=_("New note"),
        help_text=_("Everybody who may read notes sees it. It cannot be changed or removed."),
        strip=False,
        error_messages={"required": _("Write something first.")},
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": notes.LONGEST_CHARACTERS}),
    )

    def clean_text(self) -> str:
        """Hold the text to the rules of notes."""
        try:
            return notes.clean(self.cleaned_data["text"])
        except notes.EmptyNoteError:
            raise forms.ValidationError(_("Write something first.")) from None
        except notes.NoteTooLongError:
            raise forms.ValidationError(
                _("A note has at most 4,000 characters. Shorten it, or write two notes.")
            ) from None


class CallForm(forms.Form):
    """The reference of a call or case; empty clears it."""

    reference = forms.CharField(
        label=_("Call reference"),
        help_text=_("Number of the call or case. Every read is recorded with it until you clear it or sign out."),
        required=False,
        max_length=calls.LONGEST_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
