-- What a played sale is held against. Each query is one figure: the rows it returns are the faults, none is well.
-- The first part makes the tables that loadtest/verdict.py fills by COPY with the client's own log; all of it is
-- temporary, and nothing of the system's tables is changed.

-- name: tables
CREATE TEMPORARY TABLE played (event uuid NOT NULL, grp uuid NOT NULL, capacity_changed boolean NOT NULL, visitors boolean NOT NULL);
CREATE TEMPORARY TABLE told (
    student_number text PRIMARY KEY,
    zones text[] NOT NULL,
    status int,
    outcome text,
    ticket text,
    zone text,
    number int,
    arrival bigint,
    elapsed_ms bigint,
    position int
);
CREATE TEMPORARY VIEW told_won AS SELECT * FROM told WHERE outcome IN ('won', 'already_won');
CREATE TEMPORARY VIEW told_counted AS SELECT * FROM told WHERE outcome IN ('won', 'already_won', 'waitlisted', 'sold_out');
CREATE TEMPORARY VIEW told_no AS SELECT * FROM told WHERE outcome IN ('waitlisted', 'sold_out');
CREATE TEMPORARY VIEW live AS
    SELECT ticket.*, zone.name AS zone_name, student.student_number
      FROM ticketing_ticket ticket
      JOIN ticketing_zone zone ON zone.id = ticket.zone_id
      LEFT JOIN accounts_student student ON student.id = ticket.student_id
     WHERE ticket.event_id = (SELECT event FROM played) AND ticket.status IN ('held', 'used');
CREATE TEMPORARY VIEW pressed AS
    SELECT claim.*, student.student_number
      FROM ticketing_claim claim
      JOIN accounts_student student ON student.id = claim.student_id
     WHERE claim.event_id = (SELECT event FROM played);

-- name: oversold
-- P1: a zone with more live tickets than it has places, or than it was meant to have. A capacity that was cut while
-- the sale ran may be below what was sold already: then the places alone count.
SELECT zone.name, zone.capacity, places.count AS places, tickets.count AS live, tickets.count - meant.count AS too_many
  FROM ticketing_zone zone
 CROSS JOIN LATERAL (SELECT count(*) FROM ticketing_place place WHERE place.zone_id = zone.id) AS places
 CROSS JOIN LATERAL (SELECT count(*) FROM live WHERE live.zone_id = zone.id) AS tickets
 CROSS JOIN LATERAL (SELECT CASE WHEN capacity_changed THEN places.count ELSE least(zone.capacity, places.count) END
                       FROM played) AS meant (count)
 WHERE zone.event_id = (SELECT event FROM played) AND tickets.count > meant.count;

-- name: place_given_twice
-- P1: two live tickets for one place, or for one number of a zone.
SELECT zone_name, number, array_agg(code ORDER BY code) AS tickets
  FROM live GROUP BY zone_name, number HAVING count(*) > 1
UNION ALL
SELECT min(zone_name), min(number), array_agg(code ORDER BY code)
  FROM live GROUP BY place_id HAVING count(*) > 1 AND count(DISTINCT (zone_id, number)) > 1;

-- name: student_holds_two
-- P2: two live tickets of one student in the limit group, other events of the group included.
SELECT student_id, array_agg(code ORDER BY code) AS tickets
  FROM ticketing_ticket
 WHERE limit_group = (SELECT grp FROM played) AND status IN ('held', 'used') AND student_id IS NOT NULL
 GROUP BY student_id HAVING count(*) > 1;

-- name: lost
-- P3: a student was told "won" and no ticket of that code is theirs. One that ended since is not lost: see not_fresh.
SELECT told.student_number, told.ticket, told.zone, told.number
  FROM told_won told
 WHERE NOT EXISTS (SELECT FROM ticketing_ticket ticket JOIN accounts_student student ON student.id = ticket.student_id
                    WHERE ticket.code = told.ticket AND ticket.event_id = (SELECT event FROM played)
                      AND student.student_number = told.student_number);

-- name: never_announced
-- A live ticket that no answer named: its student was told something else, or did not press at all. Students whose
-- press got no HTTP answer are apart (unanswered): they could not have been told. Guests never press; what visitors beside
-- the crowd were told, where there may be some, is not known here. Whoever was told
-- to wait may have been given a place since, by the same claim.
SELECT live.code, live.student_number, told.status, told.outcome
  FROM live
  LEFT JOIN told ON told.student_number = live.student_number
 WHERE told.ticket IS DISTINCT FROM live.code AND live.student_id IS NOT NULL
   AND NOT coalesce(told.student_number IS NOT NULL AND told.status IS NULL, false)
   AND NOT (told.student_number IS NULL AND (SELECT visitors FROM played))
   AND NOT EXISTS (SELECT FROM pressed WHERE pressed.id = live.claim_id AND pressed.answer = 'waitlisted'
                                         AND told.outcome = 'waitlisted' AND told.arrival = pressed.arrival);

-- name: wrong_place
-- The answer and the row name different places.
SELECT told.student_number, told.ticket, told.zone, told.number, live.zone_name, live.number AS row_number
  FROM told_won told
  JOIN live ON live.code = told.ticket
 WHERE (told.zone, told.number) IS DISTINCT FROM (live.zone_name, live.number);

-- name: wrong_arrival
-- The answer, the ticket and the record of the press name different arrivals or times.
SELECT told.student_number, told.outcome, told.arrival, live.arrival AS ticket_arrival, pressed.arrival AS claim_arrival,
       told.elapsed_ms, live.elapsed_ms AS ticket_elapsed, pressed.elapsed_ms AS claim_elapsed
  FROM told_won told
  JOIN live ON live.code = told.ticket
  LEFT JOIN pressed ON pressed.id = live.claim_id
 WHERE (told.arrival, told.elapsed_ms) IS DISTINCT FROM (live.arrival, live.elapsed_ms)
    OR (told.arrival, told.elapsed_ms) IS DISTINCT FROM (pressed.arrival, pressed.elapsed_ms)
    OR pressed.answer IS DISTINCT FROM 'won';

-- name: loser_not_kept
-- A student was told "sold out" or "waitlisted" and their arrival is not on record as that.
SELECT told.student_number, told.outcome, told.arrival, told.elapsed_ms, pressed.arrival AS claim_arrival, pressed.answer
  FROM told_no told
  LEFT JOIN pressed ON pressed.student_number = told.student_number AND pressed.arrival = told.arrival
 WHERE (pressed.answer, pressed.elapsed_ms) IS DISTINCT FROM (told.outcome, told.elapsed_ms);

-- name: press_not_told
-- A press is on record that its student was not told of, though an answer came.
SELECT pressed.student_number, pressed.arrival, pressed.answer, told.status, told.outcome
  FROM pressed
  LEFT JOIN told ON told.student_number = pressed.student_number
 WHERE told.arrival IS DISTINCT FROM pressed.arrival
   AND NOT coalesce(told.student_number IS NOT NULL AND told.status IS NULL, false)
   AND NOT (told.student_number IS NULL AND (SELECT visitors FROM played));

-- name: wish_not_kept
-- The record of a press names other zones than were asked for.
SELECT told.student_number, told.zones, pressed.zones AS claim_zones
  FROM told_counted told
  JOIN pressed ON pressed.student_number = told.student_number AND pressed.arrival = told.arrival
 WHERE told.zones IS DISTINCT FROM pressed.zones::text[];

-- name: arrival_given_twice
SELECT arrival, array_agg(student_number ORDER BY student_number) AS students
  FROM told_counted GROUP BY arrival HAVING count(*) > 1
UNION ALL
SELECT arrival, array_agg(student_id::text ORDER BY student_id)
  FROM ticketing_claim WHERE "group" = (SELECT grp FROM played) GROUP BY arrival HAVING count(*) > 1;

-- name: arrival_missing
-- Numbers up to the highest arrival, by the counter or by an answer, that no press on record has.
SELECT wanted.arrival
  FROM generate_series(1, greatest(
           (SELECT arrival FROM ticketing_salecounter WHERE "group" = (SELECT grp FROM played)),
           (SELECT max(arrival) FROM told_counted))) AS wanted (arrival)
 WHERE NOT EXISTS (SELECT FROM ticketing_claim claim
                    WHERE claim."group" = (SELECT grp FROM played) AND claim.arrival = wanted.arrival);

-- name: overtaken
-- P4: somebody who pressed later got a place in a zone that this student wanted and did not get: told "sold out", or
-- "waitlisted", or given a zone that they wanted less. Holds for a sale in which nothing was given back (see not_fresh).
SELECT told.student_number, told.arrival, told.outcome, told.zone, wanted.name AS wanted_zone, winners.last_arrival
  FROM told_counted told
 CROSS JOIN LATERAL unnest(told.zones) WITH ORDINALITY AS wanted (name, preference)
  JOIN (SELECT zone_name, max(arrival) AS last_arrival FROM live GROUP BY zone_name) AS winners
    ON winners.zone_name = wanted.name
 WHERE winners.last_arrival > told.arrival
   AND (told.zone IS NULL OR wanted.preference < array_position(told.zones, told.zone));

-- name: sent_away_too_soon
-- Told "sold out" or "waitlisted", or given a zone wanted less, while a place in a wanted zone is free to this day.
SELECT told.student_number, told.arrival, told.outcome, told.zone, wanted.name AS wanted_zone
  FROM told_counted told
 CROSS JOIN LATERAL unnest(told.zones) WITH ORDINALITY AS wanted (name, preference)
 WHERE (told.zone IS NULL OR wanted.preference < array_position(told.zones, told.zone))
   AND EXISTS (SELECT FROM ticketing_place place JOIN ticketing_zone zone ON zone.id = place.zone_id
                WHERE zone.event_id = (SELECT event FROM played) AND zone.name = wanted.name
                  AND NOT EXISTS (SELECT FROM live WHERE live.place_id = place.id));

-- name: clock_backwards
-- A later arrival with an earlier time: the order of decisions and its clock disagree.
SELECT arrival, elapsed_ms, before
  FROM (SELECT arrival, elapsed_ms, lag(elapsed_ms) OVER (ORDER BY arrival) AS before FROM pressed) AS times
 WHERE elapsed_ms < before;

-- name: not_fresh
-- Tickets that ended, guests' tickets and second presses: with them the order cannot be judged by these queries.
SELECT 'ended or guest' AS why, code AS what
  FROM ticketing_ticket
 WHERE event_id = (SELECT event FROM played) AND (status NOT IN ('held', 'used') OR student_id IS NULL)
UNION ALL
SELECT 'pressed twice', student_number FROM pressed GROUP BY student_number HAVING count(*) > 1
UNION ALL
SELECT 'another event of the group', event_id::text
  FROM ticketing_claim WHERE "group" = (SELECT grp FROM played) AND event_id <> (SELECT event FROM played);

-- name: info:zones
-- For the reader: each zone with its capacity, places, live tickets, and the arrival of its last winner.
SELECT zone.name, zone.capacity,
       (SELECT count(*) FROM ticketing_place place WHERE place.zone_id = zone.id) AS places,
       count(live.id) AS live, max(live.arrival) AS last_arrival
  FROM ticketing_zone zone LEFT JOIN live ON live.zone_id = zone.id
 WHERE zone.event_id = (SELECT event FROM played)
 GROUP BY zone.id ORDER BY zone.name;

-- name: info:answers
-- For the reader: what the log and the tables count.
SELECT coalesce(outcome, CASE WHEN status IS NULL THEN 'unanswered' ELSE 'HTTP ' || status END) AS answer, count(*)
  FROM told GROUP BY 1 ORDER BY 2 DESC;

-- name: info:rows
SELECT (SELECT count(*) FROM live) AS live_tickets, (SELECT count(*) FROM pressed WHERE answer = 'won') AS wins_on_record,
       (SELECT count(*) FROM pressed WHERE answer = 'sold_out') AS losses_on_record,
       (SELECT count(*) FROM pressed WHERE answer = 'waitlisted') AS waits_on_record,
       (SELECT arrival FROM ticketing_salecounter WHERE "group" = (SELECT grp FROM played)) AS last_arrival,
       (SELECT count(*) FROM live JOIN told USING (student_number) WHERE told.status IS NULL) AS unanswered_winners,
       (SELECT count(*) FROM pressed WHERE student_number NOT IN (SELECT student_number FROM told)) AS visitors;

-- name: replay:presses
-- Every press by its arrival: as its student was told; as it is on record where nobody could be told.
SELECT coalesce(told.arrival, pressed.arrival) AS arrival,
       coalesce(told.elapsed_ms, pressed.elapsed_ms) AS elapsed_ms,
       coalesce(told.student_number, pressed.student_number) AS student_number,
       coalesce(told.zones, pressed.zones::text[]) AS zones,
       CASE told.outcome WHEN 'already_won' THEN 'won' ELSE coalesce(told.outcome, pressed.answer) END AS outcome,
       CASE WHEN told.student_number IS NOT NULL THEN told.zone
            WHEN pressed.answer = 'won' THEN live.zone_name END AS zone,
       CASE WHEN told.student_number IS NOT NULL THEN told.number
            WHEN pressed.answer = 'won' THEN live.number END AS number
  FROM told_counted told
  FULL JOIN pressed ON pressed.student_number = told.student_number
  LEFT JOIN live ON live.claim_id = pressed.id
 ORDER BY 1;
