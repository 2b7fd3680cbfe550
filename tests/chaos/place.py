"""The invented county in which the load lives: organisations, roles, and where notices go."""

PROVIDER, COUNCIL, CHILD_HEALTH, VISITING, AREA = "RXA", "L98", "RYC", "RYV", "E10000090"
PRACTICES = tuple(f"Y{number:05d}" for number in range(1, 13))


def directory_toml() -> str:
    """One of everything; health visiting reads Kafka, everybody else the worklist."""
    kinds = {PROVIDER: "maternity", COUNCIL: "council", VISITING: "health_visiting"}
    kinds |= {CHILD_HEALTH: "child_health"} | dict.fromkeys(PRACTICES, "practice")
    roles = {
        "COMM_MIDWIFE": PROVIDER,
        "POSTNATAL_WARD": PROVIDER,
        "HV_TEAM": VISITING,
        "TEAM_LEAD_HV": VISITING,
        "CHIS": CHILD_HEALTH,
        "CP_CHAIR": COUNCIL,
        "SOCIAL_WORKER": COUNCIL,
    }
    lines = [
        f'[[organisation]]\nods = "{ods}"\nname = "{ods}"\nkind = "{kind}"\narea = "{AREA}"'
        for ods, kind in kinds.items()
    ]
    lines.append('[[organisation]]\nods = "HUB"\nname = "The hub"\nkind = "hub"')
    lines += [
        f'[[role]]\nrole = "{role}"\norganisation = "{ods}"\nserves = {{ area = ["{AREA}"] }}'
        for role, ods in roles.items()
    ]
    lines.append(f'[[endpoint]]\norganisation = "{VISITING}"\nchannel = "kafka"')
    return "\n".join(lines) + "\n"
