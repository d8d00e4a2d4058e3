# Run once by the database's image, when its folder is made: copies may follow it from inside.
echo "host replication all samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
