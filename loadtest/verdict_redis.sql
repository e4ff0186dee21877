-- What Redis itself holds, copied into temporary tables by loadtest/verdict.py, against the rows and the client's log.
-- Each query is one figure: the rows it returns are the faults, none is well. Asked only where Redis decides.

-- name: tables
CREATE TEMPORARY TABLE kept_ticket (
    code text, holder text, status text, event uuid, zone uuid, number int, arrival bigint, elapsed_ms bigint
);
CREATE TEMPORARY TABLE kept_live (holder text, code text);
CREATE TEMPORARY TABLE kept_first (student bigint, arrival bigint, elapsed_ms bigint, answer text);
CREATE TEMPORARY TABLE kept_zone (zone uuid, top int, next int, freed int, removed int);
CREATE TEMPORARY TABLE kept_entry (claim uuid, student bigint, status text, arrival bigint, elapsed_ms bigint);
CREATE TEMPORARY TABLE kept_waiting (student bigint, arrival bigint);
CREATE TEMPORARY TABLE kept_group (arrival bigint);
CREATE TEMPORARY VIEW kept AS
    SELECT kept_ticket.*, zone.name AS zone_name, student.student_number
      FROM kept_ticket
      JOIN ticketing_zone zone ON zone.id = kept_ticket.zone
      LEFT JOIN accounts_student student ON student.id::text = kept_ticket.holder
     WHERE kept_ticket.event = (SELECT event FROM played) AND kept_ticket.status IN ('held', 'used');

-- name: redis_oversold
-- P1: more live tickets in Redis than the zone has places there.
SELECT zone.name, kept_zone.top - kept_zone.removed AS places, tickets.count AS live
  FROM kept_zone
  JOIN ticketing_zone zone ON zone.id = kept_zone.zone
 CROSS JOIN LATERAL (SELECT count(*) FROM kept WHERE kept.zone = kept_zone.zone) AS tickets
 WHERE tickets.count > kept_zone.top - kept_zone.removed;

-- name: redis_place_given_twice
SELECT zone_name, number, array_agg(code ORDER BY code) AS tickets
  FROM kept GROUP BY zone_name, number HAVING count(*) > 1;

-- name: redis_holds_two
-- P2: two live tickets of one holder in the limit group.
SELECT holder, array_agg(code ORDER BY code) AS tickets
  FROM kept_ticket WHERE status IN ('held', 'used') GROUP BY holder HAVING count(*) > 1;

-- name: redis_lost
-- P3: told "won", and Redis has no such live ticket of that student at that place.
SELECT told.student_number, told.ticket, told.zone, told.number, kept.student_number AS holder, kept.zone_name,
       kept.number AS kept_number
  FROM told_won told
  LEFT JOIN kept ON kept.code = told.ticket
 WHERE (told.student_number, told.zone, told.number, told.arrival)
       IS DISTINCT FROM (kept.student_number, kept.zone_name, kept.number, kept.arrival);

-- name: redis_rows_differ
-- A live ticket that only one of Redis and PostgreSQL has, or that is another there.
SELECT coalesce(kept.code, live.code) AS code, kept.status AS in_redis, live.status AS in_rows,
       kept.zone_name, kept.number, live.zone_name AS row_zone, live.number AS row_number
  FROM kept
  FULL JOIN live ON live.code = kept.code
 WHERE (kept.zone, kept.number, kept.arrival, kept.elapsed_ms, kept.student_number)
       IS DISTINCT FROM (live.zone_id, live.number, live.arrival, live.elapsed_ms, live.student_number)
    OR kept.code IS NULL OR live.code IS NULL;

-- name: redis_holders_differ
-- The list of who holds what does not say the same as the tickets.
SELECT coalesce(tickets.holder, kept_live.holder) AS holder, tickets.code, kept_live.code AS listed
  FROM (SELECT holder, code FROM kept_ticket WHERE status IN ('held', 'used')) AS tickets
  FULL JOIN kept_live ON kept_live.holder = tickets.holder
 WHERE tickets.code IS DISTINCT FROM kept_live.code;

-- name: redis_places_differ
-- Places, or free places, of a zone are not as many in Redis as in PostgreSQL.
SELECT zone.name, kept_zone.top - kept_zone.removed AS places, rows.places AS row_places,
       kept_zone.top - kept_zone.next + 1 + kept_zone.freed AS free, rows.free AS row_free
  FROM ticketing_zone zone
  LEFT JOIN kept_zone ON kept_zone.zone = zone.id
 CROSS JOIN LATERAL (SELECT count(*) AS places, count(*) FILTER (WHERE place.free) AS free
                       FROM ticketing_place place WHERE place.zone_id = zone.id) AS rows
 WHERE zone.event_id = (SELECT event FROM played)
   AND (kept_zone.top - kept_zone.removed, kept_zone.top - kept_zone.next + 1 + kept_zone.freed)
       IS DISTINCT FROM (rows.places, rows.free);

-- name: redis_arrivals_differ
-- The last arrival in Redis is not that of the rows.
SELECT kept_group.arrival, counter.arrival AS row_arrival
  FROM kept_group
  FULL JOIN (SELECT arrival FROM ticketing_salecounter WHERE "group" = (SELECT grp FROM played)) AS counter ON true
 WHERE kept_group.arrival IS DISTINCT FROM counter.arrival;

-- name: redis_losers_differ
-- A student's first arrival, or the last counted answer, is another in Redis than in the rows.
SELECT coalesce(kept_first.student, rows.student_id) AS student, kept_first.arrival, rows.arrival AS row_arrival,
       kept_first.answer, rows.answer AS row_answer
  FROM kept_first
  FULL JOIN (SELECT student_id, min(arrival) AS arrival, (array_agg(elapsed_ms ORDER BY arrival))[1] AS elapsed_ms,
                    (array_agg(answer ORDER BY arrival DESC))[1] AS answer
               FROM pressed GROUP BY student_id) AS rows ON rows.student_id = kept_first.student
 WHERE (kept_first.arrival, kept_first.elapsed_ms, kept_first.answer)
       IS DISTINCT FROM (rows.arrival, rows.elapsed_ms, rows.answer::text);

-- name: redis_waiting_lost
-- Told to wait, and Redis has no such entry of that student.
SELECT told.student_number, told.arrival
  FROM told
 WHERE told.outcome = 'waitlisted'
   AND NOT EXISTS (SELECT FROM kept_entry JOIN accounts_student student ON student.id = kept_entry.student
                    WHERE student.student_number = told.student_number AND kept_entry.arrival = told.arrival);

-- name: redis_waiting_differs
-- A student's last entry of the waiting list is another in Redis than in the rows.
SELECT coalesce(kept_entry.claim, rows.claim_id) AS claim, kept_entry.status, kept_entry.arrival,
       rows.status AS row_status, rows.arrival AS row_arrival
  FROM kept_entry
  FULL JOIN (SELECT DISTINCT ON (student_id) * FROM waiting ORDER BY student_id, arrival DESC) AS rows
         ON rows.claim_id = kept_entry.claim
 WHERE (kept_entry.student, kept_entry.status, kept_entry.arrival, kept_entry.elapsed_ms)
       IS DISTINCT FROM (rows.student_id, rows.status::text, rows.arrival, rows.elapsed_ms);

-- name: redis_list_differs
-- Who stands in Redis' list is not who waits or has an offer.
SELECT coalesce(kept_waiting.student, active.student) AS student, kept_waiting.arrival, active.arrival AS of_entry
  FROM kept_waiting
  FULL JOIN (SELECT * FROM kept_entry WHERE status IN ('waiting', 'offered')) AS active
         ON active.student = kept_waiting.student
 WHERE kept_waiting.arrival IS DISTINCT FROM active.arrival;
