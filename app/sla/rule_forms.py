"""The forms of narrowed targets, conditions and the ladder."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from app.cases.rules import CHANNELS
from app.cases.words import CHANNEL_WORDS
from app.people import queries as people
from app.sla.condition_rules import EVENTS, LEVELS, REASONS, TARGETED, THRESHOLDS, MilestoneRule, PolicyRules
from app.sla.forms import is_time, seconds_of, text_of
from app.sla.queries import MILESTONE_NAMES
from app.sla.rules import SEVERITIES
from app.sla.target_rules import Target
from app.sla.words import ANCHOR_WORDS, EVENT_WORDS, REASON_WORDS, THRESHOLD_WORDS, TIME_WORDS
from app.ui.forms import Form, LineField, options


class Checks(SelectMultipleField):
    """Several of a few choices, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class NarrowForm(Form):
    """A target for one segment, channel or site."""

    number = IntegerField(validators=[Optional()], widget=HiddenInput())
    severity = SelectField(_l("Severity"), choices=lambda: options([(str(n), str(n)) for n in SEVERITIES]))
    milestone = SelectField(_l("Clock"), choices=lambda: options([(name, MILESTONE_NAMES[name]) for name in TARGETED]))
    time = LineField(_l("Time"), validators=[InputRequired(), is_time])
    segment = LineField(_l("Segment"), validators=[Optional(), Length(max=40)])
    channel = SelectField(_l("Channel"), validators=[Optional()])
    site = SelectField(_l("Site"), validators=[Optional()])

    @classmethod
    def here(cls, fresh: int | None = None) -> "NarrowForm":
        """The form with this company's sites. fresh: the version that is shown, for an empty form."""
        form = cls() if fresh is None else cls(formdata=None, number=fresh)
        form.channel.choices = options([(code, CHANNEL_WORDS[code]) for code in CHANNELS], empty=_l("Any"))
        form.site.choices = options([(str(site.id), site.name) for site in people.sites()], empty=_l("Any"))
        return form

    def line(self) -> Target:
        return Target(
            int(self.severity.data),
            self.milestone.data,
            seconds_of(self.time.data or "") or 0,
            self.segment.data or None,
            self.channel.data or None,
            int(self.site.data) if self.site.data else None,
        )


class RuleForm(Form):
    """The six conditions of one milestone."""

    number = IntegerField(validators=[Optional()], widget=HiddenInput())
    anchor = SelectField(_l("Counts from"), choices=lambda: options(ANCHOR_WORDS.items()))
    time = SelectField(_l("Counts"), choices=lambda: options(TIME_WORDS.items()))
    start = Checks(_l("Starts when"), choices=lambda: options([(code, EVENT_WORDS[code]) for code in EVENTS]))
    pause = Checks(_l("Rests while"), choices=lambda: options([(code, REASON_WORDS[code]) for code in REASONS]))
    resume = Checks(_l("Runs on when"), choices=lambda: options([(code, EVENT_WORDS[code]) for code in EVENTS]))
    stop = Checks(_l("Stops when"), choices=lambda: options([(code, EVENT_WORDS[code]) for code in EVENTS]))
    cancel = Checks(_l("Is cancelled when"), choices=lambda: options([(code, EVENT_WORDS[code]) for code in EVENTS]))
    reset = Checks(_l("Begins anew when"), choices=lambda: options([(code, EVENT_WORDS[code]) for code in EVENTS]))

    @classmethod
    def of(cls, rule: MilestoneRule, number: int) -> "RuleForm":
        sets = {name: sorted(getattr(rule, name)) for name in ("start", "pause", "resume", "stop", "cancel", "reset")}
        return cls(formdata=None, number=number, anchor=rule.anchor, time=rule.time, **sets)

    def rule(self) -> MilestoneRule:
        sets = [frozenset(self[name].data or ()) for name in ("start", "pause", "resume", "stop", "cancel", "reset")]
        return MilestoneRule(self.anchor.data, self.time.data, *sets)


class LadderForm(Form):
    """Which steps are told, how long after the breach each level follows, how long a pause may last."""

    number = IntegerField(validators=[Optional()], widget=HiddenInput())
    thresholds = Checks(
        _l("Who is told, and when"), choices=lambda: options([(code, THRESHOLD_WORDS[code]) for code in THRESHOLDS])
    )
    level1 = LineField(_l("First level after"), validators=[InputRequired(), is_time])
    level2 = LineField(_l("Second level after"), validators=[InputRequired(), is_time])
    level3 = LineField(_l("Third level after"), validators=[InputRequired(), is_time])
    pause = LineField(_l("A pause ends without a supervisor's word after"), validators=[InputRequired(), is_time])
    reopen_counts_gap = BooleanField(_l("The time between resolving and reopening counts"))

    @classmethod
    def of(cls, rules: PolicyRules, number: int) -> "LadderForm":
        times: dict[str, Any] = {name: text_of(s) for name, s in zip(LEVELS, rules.escalate_seconds, strict=True)}
        return cls(
            formdata=None,
            number=number,
            thresholds=sorted(rules.thresholds),
            pause=text_of(rules.pause_seconds_max),
            reopen_counts_gap=rules.reopen_counts_gap,
            **times,
        )

    def rules(self) -> PolicyRules:
        first, second, third = (seconds_of(self[name].data or "") or 0 for name in LEVELS)
        return PolicyRules(
            {},
            frozenset(self.thresholds.data or ()),
            (first, second, third),
            seconds_of(self.pause.data or "") or 0,
            bool(self.reopen_counts_gap.data),
        )
