"""What one would write in Python instead: a CSV into a staging table, then one UPDATE and one INSERT into the target.

Reads its task as JSON from standard input, prints {"rows", "seconds"} from the opening of the CSV to the commit. Staging is text, as it
comes, since converting each cell in Python would only be slower. It keeps no checkpoint, no tombstones, and rejects nothing.
"""

import csv
import glob
import json
import os
import sys
import time

STAGE, TARGET = "bench_stage", "bench_peer"
BATCH_ROWS = 10_000


def connection_string(task, driver):
    login = task["login"]
    yes = {True: "yes", False: "no"}
    parts = {
        "Driver": driver,
        "Server": f"{task['server']},{task['port']}",
        "Database": task["database"],
        "UID": login["user"],
        "PWD": "{" + login["password"].replace("}", "}}") + "}",
        "Encrypt": yes[bool(task["encrypt"])],
        "TrustServerCertificate": yes[task["trustServerCertificate"]],
    }
    return ";".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def staged(column):
    declared = column["declared"]
    return declared if column["kind"] == "text" else "nvarchar(60)"


def converted(column):
    name = f"s.[{column['column']}]"
    if column["kind"] == "text":
        return name
    if column["kind"] == "boolean":
        return f"CASE {name} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    if column["kind"] == "datetime":
        return f"CAST(SWITCHOFFSET(CAST({name} AS datetimeoffset(0)), '+00:00') AS datetime2(0))"
    return f"CAST({name} AS {column['declared']})"


def create(cursor, columns):
    for table in (STAGE, TARGET):
        cursor.execute(f"IF OBJECT_ID('{table}') IS NOT NULL DROP TABLE {table}")
    stage = ", ".join(f"[{c['column']}] {staged(c)} NULL" for c in columns)
    cursor.execute(f"CREATE TABLE {STAGE} (id bigint NOT NULL, m nvarchar(60) NULL, {stage})")
    target = ", ".join(f"[{c['column']}] {c['declared']} NULL" for c in columns)
    cursor.execute(f"CREATE TABLE {TARGET} (id bigint NOT NULL PRIMARY KEY, m datetime2(0) NULL, {target})")


def merge(cursor, columns):
    modified = converted({"column": "m", "kind": "datetime"})
    names = [f"[{c['column']}]" for c in columns]
    values = [converted(c) for c in columns]
    sets = ", ".join(f"{name} = {value}" for name, value in zip(names, values))
    cursor.execute(
        f"UPDATE t SET m = {modified}, {sets} FROM {TARGET} t JOIN {STAGE} s ON s.id = t.id WHERE {modified} > t.m"
    )
    cursor.execute(
        f"INSERT INTO {TARGET} (id, m, {', '.join(names)}) SELECT s.id, {modified}, {', '.join(values)} "
        f"FROM {STAGE} s WHERE NOT EXISTS (SELECT 1 FROM {TARGET} t WITH (UPDLOCK, HOLDLOCK) WHERE t.id = s.id)"
    )


def rows_of(task):
    """Tuples of the staging table's columns; an empty cell is NULL."""
    with open(task["csv"], encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        at = {name.lower(): index for index, name in enumerate(header)}
        wanted = [at["modified_time"]] + [at[c["header"].lower()] for c in task["columns"]]
        key = at["id"]
        for row in reader:
            yield (int(row[key]), *[row[i] or None for i in wanted])


def batches(rows):
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def with_pyodbc(task):
    import mssql_python_odbc
    import pyodbc

    folder = os.path.join(os.path.dirname(mssql_python_odbc.__file__), "libs", "linux", "debian_ubuntu")
    driver = sorted(glob.glob(os.path.join(folder, "*", "lib", "libmsodbcsql-*")))[-1]
    connection = pyodbc.connect(connection_string(task, driver), autocommit=False)
    cursor = connection.cursor()
    create(cursor, task["columns"])
    connection.commit()
    began = time.perf_counter()
    cursor.fast_executemany = True
    marks = ", ".join("?" * (len(task["columns"]) + 2))
    for batch in batches(rows_of(task)):
        cursor.executemany(f"INSERT INTO {STAGE} VALUES ({marks})", batch)
    merge(cursor, task["columns"])
    connection.commit()
    return cursor, time.perf_counter() - began


def with_mssql_python(task):
    import mssql_python

    connection = mssql_python.connect(connection_string(task, None))
    cursor = connection.cursor()
    create(cursor, task["columns"])
    connection.commit()
    began = time.perf_counter()
    cursor.bulkcopy(STAGE, rows_of(task), batch_size=BATCH_ROWS, timeout=0, keep_nulls=True)
    merge(cursor, task["columns"])
    connection.commit()
    return cursor, time.perf_counter() - began


def main():
    peer = {"pyodbc": with_pyodbc, "mssql-python": with_mssql_python}[sys.argv[1]]
    cursor, seconds = peer(json.load(sys.stdin))
    cursor.execute(f"SELECT COUNT(*) FROM {TARGET}")
    print(json.dumps({"rows": cursor.fetchone()[0], "seconds": seconds}))
    for table in (STAGE, TARGET):
        cursor.execute(f"DROP TABLE {table}")
    cursor.connection.commit()


main()
