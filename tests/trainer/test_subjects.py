"""Subjects by the names of their clips."""

from __future__ import annotations

import pytest

from trainer.data.subjects import subject_of


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("cmu_08_05#1", "cmu_08"),
        ("uiprmd_deep_squat_ok_s03_e01", "uiprmd_s03"),
        ("dance-01", "dance"),
        ("h36m_S1_Walking_1", "h36m_S1"),
        ("h36m_S11_Photo#2", "h36m_S11"),
        ("mpi_inf_3dhp_S3_Seq1", "mpi_inf_3dhp_S3"),
        ("3dpw_courtyard_made_up_00_1#0", "3dpw_courtyard_made_up_00_1"),
        ("3dpw_courtyard_made_up_00_0", "3dpw_courtyard_made_up_00_0"),
        ("amass_Subject-1-F_s02_walk_poses", "amass_Subject-1-F"),
        ("amass_01_01_05_poses", "amass_01"),
        ("bvh_02_03", "bvh_02"),
    ],
)
def test_subjects_of_each_source_are_told_apart(name: str, subject: str) -> None:
    assert subject_of(name) == subject
