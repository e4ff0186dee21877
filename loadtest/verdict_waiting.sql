-- The waiting list against the client's log: each query is one figure, the rows it returns are the faults.

-- name: tables
CREATE TEMPORARY VIEW waiting AS
    SELECT entry.*, student.student_number,
           ARRAY(SELECT zone.name::text FROM unnest(entry.zones) WITH ORDINALITY AS wanted (id, preference)
                   JOIN ticketing_zone zone ON zone.id = wanted.id ORDER BY wanted.preference) AS zone_names
      FROM ticketing_waitingentry entry
      JOIN accounts_student student ON student.id = entry.student_id
     WHERE entry.event_id = (SELECT event FROM played);

-- name: waiting_lost
-- Told to wait, and no such entry is theirs (S5: an entry never vanishes).
SELECT told.student_number, told.arrival
  FROM told
 WHERE told.outcome = 'waitlisted'
   AND NOT EXISTS (SELECT FROM waiting WHERE waiting.student_number = told.student_number
                                         AND waiting.arrival = told.arrival);

-- name: waiting_not_told
-- An entry whose student was told something else; a press without an HTTP answer could not be told.
SELECT waiting.student_number, waiting.arrival, waiting.status, told.outcome
  FROM waiting
  LEFT JOIN told ON told.student_number = waiting.student_number
 WHERE (told.outcome, told.arrival) IS DISTINCT FROM ('waitlisted', waiting.arrival)
   AND NOT coalesce(told.student_number IS NOT NULL AND told.status IS NULL, false)
   AND NOT (told.student_number IS NULL AND (SELECT visitors FROM played));

-- name: waiting_twice
SELECT student_number, array_agg(arrival ORDER BY arrival) AS arrivals
  FROM waiting WHERE status IN ('waiting', 'offered') GROUP BY student_number HAVING count(*) > 1;

-- name: waiting_wish_not_kept
-- An entry waits for other zones than were asked for.
SELECT waiting.student_number, waiting.arrival, waiting.zone_names, told.zones
  FROM waiting JOIN told ON told.student_number = waiting.student_number AND told.arrival = waiting.arrival
 WHERE told.zones IS DISTINCT FROM waiting.zone_names;

-- name: list_overfull
-- More wait than the list has room for.
SELECT event.waitlist_size, active.count
  FROM ticketing_event event
 CROSS JOIN LATERAL (SELECT count(*) FROM waiting WHERE status IN ('waiting', 'offered')) AS active
 WHERE event.id = (SELECT event FROM played) AND active.count > event.waitlist_size;

-- name: list_not_full
-- P4: told "sold out" while there was room on the list, or before somebody who was told to wait later on. Holds while
-- nobody has left the list (see played with promotions).
SELECT told.student_number, told.arrival, last.arrival AS last_that_waits, last.count AS waiting
  FROM told
 CROSS JOIN LATERAL (SELECT max(arrival) AS arrival, count(*) FROM waiting) AS last
 WHERE told.outcome = 'sold_out'
   AND (told.arrival < last.arrival
        OR last.count < (SELECT waitlist_size FROM ticketing_event WHERE id = (SELECT event FROM played)));

-- name: wrong_position
-- The position in the answer is not the rank by arrival. Holds while nobody has left the list.
SELECT told.student_number, told.arrival, told.position, ranked.position AS by_arrival
  FROM told
  JOIN (SELECT student_number, rank() OVER (ORDER BY arrival) AS position FROM waiting) AS ranked USING (student_number)
 WHERE told.outcome = 'waitlisted' AND told.position IS DISTINCT FROM ranked.position;

-- name: promoted_out_of_order
-- P4: somebody who arrived later was given a place in a zone that an earlier one still waits for.
SELECT waits.student_number, waits.arrival, live.zone_name, max(live.arrival) AS later
  FROM waiting waits
  JOIN waiting given ON given.status = 'promoted' AND given.arrival > waits.arrival
  JOIN live ON live.claim_id = given.claim_id AND live.zone_id = ANY (waits.zones)
 WHERE waits.status = 'waiting'
 GROUP BY 1, 2, 3;

-- name: waits_beside_a_free_place
-- Somebody waits, and a place of a wanted zone is free to this day.
SELECT waiting.student_number, waiting.arrival, zone.name, count(*) AS free
  FROM waiting
  JOIN ticketing_zone zone ON zone.id = ANY (waiting.zones)
  JOIN ticketing_place place ON place.zone_id = zone.id AND place.free
 WHERE waiting.status = 'waiting'
 GROUP BY 1, 2, 3;

-- name: info:waiting
SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting, count(*) FILTER (WHERE status = 'offered') AS offered,
       count(*) FILTER (WHERE status = 'promoted') AS promoted,
       count(*) FILTER (WHERE status IN ('left', 'lapsed', 'removed')) AS ended
  FROM waiting;
