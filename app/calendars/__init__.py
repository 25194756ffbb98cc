"""Working hours, holidays, time zones and business-time arithmetic. Nothing about cases or promises."""
