from django.db import migrations

# One mark for each changed key, by statement: update(), bulk_create and plain SQL leave them too.
STUDENTS = """
CREATE FUNCTION ticketing_mark_students() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticketing_primingmark (topic, key)
    SELECT 'student', now.id::text FROM new_rows now JOIN old_rows before ON before.id = now.id
     WHERE (now.generation, now.status, now.level, now.year, now.department, now.campus)
        IS DISTINCT FROM (before.generation, before.status, before.level, before.year, before.department, before.campus);
    RETURN NULL;
END $$;
CREATE FUNCTION ticketing_mark_new_students() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticketing_primingmark (topic, key) SELECT 'student', id::text FROM new_rows;
    RETURN NULL;
END $$;
CREATE FUNCTION ticketing_mark_old_students() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticketing_primingmark (topic, key) SELECT 'student', id::text FROM old_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER ticketing_students_changed AFTER UPDATE ON accounts_student
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing_mark_students();
CREATE TRIGGER ticketing_students_added AFTER INSERT ON accounts_student
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ticketing_mark_new_students();
CREATE TRIGGER ticketing_students_deleted AFTER DELETE ON accounts_student
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ticketing_mark_old_students();
"""
NO_STUDENTS = """
DROP TRIGGER ticketing_students_changed ON accounts_student;
DROP TRIGGER ticketing_students_added ON accounts_student;
DROP TRIGGER ticketing_students_deleted ON accounts_student;
DROP FUNCTION ticketing_mark_students();
DROP FUNCTION ticketing_mark_new_students();
DROP FUNCTION ticketing_mark_old_students();
"""
SESSIONS = """
CREATE FUNCTION ticketing_mark_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticketing_primingmark (topic, key)
    SELECT 'session', now.id::text FROM new_rows now JOIN old_rows before ON before.id = now.id
     WHERE now.ended_at IS DISTINCT FROM before.ended_at;
    RETURN NULL;
END $$;
CREATE TRIGGER ticketing_sessions_changed AFTER UPDATE ON accounts_studentsession
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing_mark_sessions();
"""
NO_SESSIONS = """
DROP TRIGGER ticketing_sessions_changed ON accounts_studentsession;
DROP FUNCTION ticketing_mark_sessions();
"""
TABLES = ("eligibilityrule", "exclusion", "studentlistentry")
RULES = """
CREATE FUNCTION ticketing_mark_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticketing_primingmark (topic, key) VALUES ('rules', '');
    RETURN NULL;
END $$;
""" + "\n".join(
    f"""CREATE TRIGGER ticketing_rules_changed AFTER INSERT OR UPDATE OR DELETE ON ticketing_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ticketing_mark_rules();"""
    for table in TABLES
)
NO_RULES = "\n".join(f"DROP TRIGGER ticketing_rules_changed ON ticketing_{table};" for table in TABLES) + """
DROP FUNCTION ticketing_mark_rules();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_verification_method"),
        ("ticketing", "0005_rush"),
    ]

    operations = [
        migrations.RunSQL(STUDENTS, NO_STUDENTS),
        migrations.RunSQL(SESSIONS, NO_SESSIONS),
        migrations.RunSQL(RULES, NO_RULES),
    ]
