-- What happened to an event over time: kind, what exactly, which step (-1: before the first), how often.
-- Parameters: event, begin (seconds of the epoch), step (seconds), steps.
WITH steps AS (SELECT %(begin)s::float8 AS begin, %(step)s::float8 AS step, %(steps)s::int AS steps)
SELECT 'answer', answer, floor((extract(epoch FROM decided_at) - begin) / step)::int AS place, count(*)
  FROM ticketing_claim, steps
 WHERE event_id = %(event)s
   AND decided_at >= to_timestamp(begin) AND decided_at < to_timestamp(begin + step * steps)
 GROUP BY 1, 2, 3
UNION ALL
SELECT 'given', zone_id::text, greatest(-1, floor((extract(epoch FROM issued_at) - begin) / step))::int AS place, count(*)
  FROM ticketing_ticket, steps
 WHERE event_id = %(event)s AND issued_at < to_timestamp(begin + step * steps)
 GROUP BY 1, 2, 3
UNION ALL
SELECT 'ended', zone_id::text, greatest(-1, floor((extract(epoch FROM ended_at) - begin) / step))::int AS place, count(*)
  FROM ticketing_ticket, steps
 WHERE event_id = %(event)s AND ended_at < to_timestamp(begin + step * steps)
 GROUP BY 1, 2, 3
UNION ALL
SELECT 'entered', '', floor(extract(epoch FROM scan.received_at) / 60)::int AS place, count(*)
  FROM ticketing_scan scan JOIN ticketing_ticket ticket ON ticket.id = scan.ticket_id
 WHERE ticket.event_id = %(event)s AND scan.verdict = 'admit' AND scan.undone_at IS NULL
 GROUP BY 1, 2, 3
