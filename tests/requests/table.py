"""Sixty requests in the words of marketers, with the calls that answer each, chosen from the list of tools alone; or why none
does. A request that says nothing of a period is asked with the tool's own."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """`ends`: the status in the account of these tests; for a request that the person must make clearer, needs_choice."""

    tool: str
    args: dict[str, Any]
    ends: str = "ok"


@dataclass(frozen=True)
class Request:
    """Either calls, or why no tool answers it (`why`)."""

    words: str
    calls: tuple[Call, ...] = ()
    why: str = ""


def asks(words: str, tool: str, ends: str = "ok", /, **args: Any) -> Request:
    return Request(words, (Call(tool, args, ends),))


def none(words: str, why: str) -> Request:
    return Request(words, why=why)


REQUESTS = [
    # The four that the product began with
    asks("How many people opened the Q4 holiday campaign but didn't purchase?", "people_who",
         did="opened_email", campaign="Q4 holiday campaign", but_not="ordered"),
    asks("Suggest five subject lines for a flash sale targeting our VIP segment", "copy_brief", audience="segment:VIP", about="flash sale"),
    Request("Analyze the open rate of our abandoned cart flows over the last six months and draft a new, personalized email copy that "
            "addresses the most common cart contents", (
        Call("flow_performance", {"flow": "abandoned cart", "period": "last_6_months", "interval": "month"}),
        Call("top_items", {"event": "added_to_cart", "period": "last_6_months"}),
    )),
    asks("Summarize the purchase behavior of customers who joined our list via SMS versus email signup forms this year", "compare_cohorts",
         by="signup_source", period="this_year"),
    # People who did, and did not
    asks("How many opened our newsletter and never bought?", "people_who",
         did="opened_email", campaign="newsletter*", but_not="ordered", but_not_when="ever"),
    asks("Who bought before but nothing in the last 90 days, how many are they?", "people_who",
         did="ordered", but_not="ordered", but_not_period="last_90_days..now"),
    asks("How many new customers did we win in June?", "people_who",
         did="ordered", period="2026-06", but_not="ordered", but_not_when="before"),
    asks("How many customers came back for a second order within 60 days?", "people_who", did="ordered", but_not="ordered", within_days=60),
    asks("How many people bought the Mug but not the Lamp?", "people_who",
         did="ordered", item="Mug", but_not="ordered", but_not_item="Lamp", but_not_when="ever"),
    asks("How many got the last campaign but did not open it?", "people_who", did="received_email", campaign="latest", but_not="opened_email"),
    asks("The latest newsletter: who clicked but never checked out?", "people_who",
         did="clicked_email", campaign="latest:newsletter", but_not="started_checkout"),
    asks("How many clicked something in the abandoned cart emails and still didn't order within 3 days?", "people_who",
         did="clicked_email", flow="abandoned cart", but_not="ordered", within_days=3),
    asks("How many VIPs are not on the newsletter list?", "people_who",
         did="member", audience="segment:VIP", but_not="member", but_not_audience="list:Newsletter"),
    asks("How many contacts do we have and how many can we reach by SMS?", "people_who", did="member", group_by="reachable"),
    asks("Where do our customers live?", "people_who", did="ordered", group_by="country"),
    asks("How many people bought three times or more this year?", "people_who", did="ordered", at_least=3, period="this_year"),
    asks("How many German customers with a Gmail address bought this year?", "people_who",
         did="ordered", period="this_year", where="country=Germany; email_domain=gmail.com"),
    asks("Which mail providers do our spam complaints come from?", "people_who", did="marked_spam", group_by="email_domain"),
    asks("Who opened at all without Apple Mail Privacy, in spring?", "people_who",
         did="opened_email", machine_opens="exclude", period="2026-03-01..2026-05-31"),
    asks("At what time of day do our customers buy?", "people_who", did="ordered", group_by="event:hour"),
    asks("How many people have signed up for texts but have not bought yet?", "people_who",
         did="subscribed_sms", but_not="ordered", but_not_when="ever"),
    asks("Which links in the Q4 holiday campaign were clicked by most people?", "people_who",
         did="clicked_email", campaign="Q4 holiday campaign", group_by="event:URL"),
    # Campaigns
    asks("How did the holiday mails do?", "campaign_performance", campaign="holiday*"),
    asks("What was our best campaign this year?", "campaign_performance", period="this_year", sort_by="revenue"),
    asks("Which subject lines worked best in the last quarter?", "campaign_performance",
         period="last_quarter", sort_by="open_rate_human", min_deliveries=1),
    asks("What day should we send on?", "campaign_performance", period="last_2_years", group_by="weekday"),
    asks("What goes out next week?", "campaign_performance", status="scheduled", period="next_week"),
    asks("What drafts are lying around?", "campaign_performance", status="draft"),
    asks("Compare email and SMS campaigns since January", "campaign_performance", period="2026-01-01..", group_by="channel"),
    asks("Which campaigns made people unsubscribe?", "campaign_performance", sort_by="unsubscribe_rate", period="last_12_months"),
    asks("How did the spring sale do?", "campaign_performance", "needs_choice", campaign="spring sale"),
    asks("How did the Halloween campaign do?", "campaign_performance", "refused", campaign="Halloween"),
    asks("Last click, please: what did the Q4 holiday campaign bring?", "campaign_performance",
         campaign="Q4 holiday campaign", attribution="last_touch"),
    # Flows
    asks("Which flow earns the most?", "flow_performance", interval="total", sort_by="revenue"),
    asks("Is the welcome series getting worse?", "flow_performance", flow="welcome", period="last_12_months", interval="month"),
    asks("Which mail in the welcome series loses people?", "flow_performance", flow="welcome", by="message", interval="total"),
    asks("Which live flows have stopped sending?", "portfolio", measure="silent_flows", account="Fernweh Outdoor"),
    # Products
    asks("What are our best sellers?", "top_items", event="ordered"),
    asks("What do VIPs buy?", "top_items", event="ordered", audience="VIP"),
    asks("What do people leave in the checkout?", "top_items", event="abandoned_checkout", within_days=7),
    asks("What is bought together with the Mug?", "top_items", event="ordered", with_item="Mug"),
    asks("Which products are looked at most this month?", "top_items", event="viewed_product", period="this_month"),
    # Trends, lists, periods
    asks("Show me signups per week this year", "audience_growth", period="this_year", interval="week"),
    asks("Is our list healthy?", "list_health", list="Newsletter"),
    asks("How many of our subscribers are dead weight?", "list_health", days=180),
    asks("Which discount codes get used?", "metric_trend", metric="ordered", period="last_90_days..now", interval="total",
         group_by="event:Discount Codes"),
    asks("Chart bounces by day for the last four weeks", "metric_trend", metric="bounced_email", period="last_4_weeks", interval="day"),
    asks("How are orders by country developing this year?", "metric_trend", metric="ordered", period="this_year", group_by="country"),
    asks("How was June?", "compare_periods", period="2026-06", against="2026-05"),
    asks("Are we up on last year?", "compare_periods", period="this_year", against="year_before"),
    asks("How much of our revenue comes from email, how much from SMS, and from flows?", "compare_periods",
         measures="revenue,email_revenue,sms_revenue,flow_revenue", period="last_90_days", against="none"),
    asks("Revenue by week please", "compare_periods", measures="revenue", period="last_12_weeks", interval="week", against="none"),
    asks("What's our refund rate trend?", "compare_periods", measures="refunds,revenue", period="last_6_months", interval="month"),
    asks("Which of my clients is falling behind?", "portfolio", measure="revenue,open_rate_human", period="last_30_days", against="previous"),
    # About the product itself
    asks("Which accounts can you see?", "list_accounts"),
    asks("Do we have a campaign about lamps?", "search", query="lamp"),
    # None of the tools
    none("Give me the email addresses of everyone who didn't open", "names and addresses of people are in no answer; people_who counts them"),
    none("Send the flash sale to VIPs now", "the tools for questions send nothing"),
    none("How much revenue will we make on Black Friday?", "nothing predicts; what was is compare_periods"),
    none("What's our return on ad spend on Meta?", "ad spend is not in Klaviyo's events"),
]  # fmt: skip
