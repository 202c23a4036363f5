"""What a person may set for himself: looks, language, zone, keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User

if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
else:
    UserForm = forms.ModelForm


class PreferencesForm(UserForm):
    """Preferences of the signed-in user; an empty language or zone means the installation's."""

    class Meta:
        model = User
        fields = ("theme", "density", "language", "time_zone", "single_keys")
        labels = {
            "theme": _("Colours"),
            "density": _("Rows of lists"),
            "language": _("Language"),
            "time_zone": _("Time zone"),
            "single_keys": _("Single keys work as shortcuts"),
        }
        help_texts = {
            "time_zone": _("Instants are shown in this zone, for example Europe/Berlin. Stored times are always UTC."),
            "single_keys": _("Turn this off if you dictate, or use a tool that types keys of its own."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        default = _("As the installation: %(zone)s") % {"zone": settings.DISPLAY_TIME_ZONE}
        named = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name]
        languages = [("", _("As the browser")), *settings.LANGUAGES]
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=[("", default), *named],
            required=False,
            help_text=self.fields["time_zone"].help_text,
        )
        self.fields["language"] = forms.ChoiceField(label=_("Language"), choices=languages, required=False)
