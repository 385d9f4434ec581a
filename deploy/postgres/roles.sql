-- The desk's roles and databases. Change the passwords; run once as superuser.
CREATE ROLE desk_owner LOGIN PASSWORD 'desk';
CREATE ROLE desk_app LOGIN PASSWORD 'desk';
CREATE ROLE desk_audit LOGIN PASSWORD 'desk';
CREATE ROLE desk_simulator LOGIN PASSWORD 'desk';
CREATE DATABASE desk OWNER desk_owner ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE desk_simulator OWNER desk_simulator ENCODING 'UTF8' TEMPLATE template0;
