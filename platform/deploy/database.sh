# Run once by the database's image, when its folder is made. The site gets a role that owns its own
# database and nothing else, copies one that may only follow, from inside.
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set site="$(cat "$SITE_PASSWORD_FILE")" --set copy="$(cat "$COPY_PASSWORD_FILE")" <<'SQL'
CREATE ROLE rizhi LOGIN PASSWORD :'site';
CREATE ROLE copy LOGIN REPLICATION PASSWORD :'copy';
CREATE DATABASE rizhi OWNER rizhi;
SQL
echo "host replication copy samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
